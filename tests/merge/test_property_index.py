"""The list of what holds for merges names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text()


def test_every_property_has_the_test_that_is_named() -> None:
    section = PAGE.partition("## Merging, simulated")[2].partition("\n## ")[0]
    named = re.findall(r"`(test_\w+)`", section)
    assert len(named) > 25
    sources = "\n".join(file.read_text() for file in TESTS.rglob("test_*.py"))
    assert [name for name in named if f"def {name}(" not in sources] == []
