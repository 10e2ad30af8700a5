"""Which version a file on disk was made from, when a room is met."""

from __future__ import annotations

import pytest

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.merge.versions import Version
from rtcd.sync.older_versions import descends_from, is_made_from_last, is_made_of


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


@pytest.mark.parametrize(
    ("room", "is_so"),
    [
        ("one\nnew\nthree\n", True),
        ("one\ntyped\nnew\nthree\nand more\n", True),
        ("new\nthree\n", True),
        ("one\nthree\n", False),
        ("one\ntwo\nnew\nthree\n", False),
        ("one\nnew, edited\nthree\n", False),
    ],
)
def test_a_room_is_made_of_a_save_when_it_has_its_lines_and_none_that_it_took_out(
    room: str, is_so: bool
) -> None:
    base, save = TextContent("one\ntwo\nthree\n"), TextContent("one\nnew\nthree\n")
    assert is_made_of(TextContent(room), base, save) is is_so


def test_lines_of_a_notebook_belong_to_their_cells() -> None:
    def notebook(**sources: str) -> NotebookContent:
        cells = tuple(Cell(id, "code", source) for id, source in sources.items())
        return NotebookContent(cells, {})

    base, save = notebook(a="x = 1"), notebook(a="x = 1", b="y = 2")
    assert is_made_of(notebook(a="x = 1\nprint(x)", b="y = 2"), base, save)
    assert not is_made_of(notebook(a="x = 1\ny = 2"), base, save)


MINE, THEIRS = "".join(f"line {n}\n" for n in range(9)), "typed by others\n"


@pytest.mark.parametrize(
    ("saved", "git", "is_so"),
    [
        (MINE + "and mine\n", False, False),
        (THEIRS + MINE + "and mine\n", False, True),
        (MINE, False, False),
        (MINE, True, True),
        (THEIRS + MINE, False, True),
    ],
)
def test_a_save_that_takes_back_what_others_wrote_was_not_made_from_the_last_version(
    saved: str, git: bool, is_so: bool
) -> None:
    known = (version(0, MINE), version(1, THEIRS + MINE))
    assert is_made_from_last(known, TextContent(saved), git=git, now=100.0) is is_so


def test_of_one_version_every_save_is_made() -> None:
    assert is_made_from_last((version(0, MINE),), TextContent("all new"), git=False, now=1.0)
