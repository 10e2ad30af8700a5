"""Which version a file on disk was made from, when a room is met."""

from __future__ import annotations

import pytest

from rtcd.content import TextContent
from rtcd.merge.versions import Version
from rtcd.sync.older_versions import descends_from


def version(number: int, text: str, base: int | None = None) -> Version:
    """A save made from ``base``, or (None) a write of ours."""
    return Version(number, TextContent(text), None, base is not None, None, float(number), base)


KNOWN = (
    version(0, "oldest"),
    version(1, "base"),
    version(2, "save of the oldest", base=0),
    version(3, "that save merged into the base"),
    version(4, "save of the merged", base=3),
)


@pytest.mark.parametrize(
    ("disk", "descends"),
    [
        ("that save merged into the base", True),
        ("save of the merged", True),
        ("base", True),
        ("save of the oldest", False),
        ("oldest", False),
        ("a save that is not known", False),
    ],
)
def test_what_was_written_after_the_base_holds_all_that_the_base_had(
    disk: str, descends: bool
) -> None:
    assert descends_from(TextContent("base"), KNOWN, TextContent(disk)) is descends


def test_a_save_whose_base_is_not_known_counts_as_made_from_anything() -> None:
    known = (version(0, "base"), Version(1, TextContent("save"), None, True, None, 1.0, 17))
    assert not descends_from(TextContent("base"), known, TextContent("save"))
