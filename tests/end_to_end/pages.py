"""Settings that a page of the documentation recommends, for tests that run them."""

from __future__ import annotations

import re
from pathlib import Path


def block_of(page: Path, name: str) -> str:
    """The code block that follows the comment with this name."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)^```$", page.read_text(), re.M | re.S)
    assert found is not None, f"{page.name} has no block {name}"
    return found.group(1)
