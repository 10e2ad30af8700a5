"""Cells that one side joined while the other edited them."""

from __future__ import annotations

from rtcd.content import Cell, NotebookContent
from rtcd.merge.three_way import merge_contents

ONE, TWO = "first_line = 1\nsecond_line = 2", "third_line = 3\nfourth_line = 4"


def notebook(*cells: tuple[str, str]) -> NotebookContent:
    return NotebookContent(tuple(Cell(name, "code", source, {}) for name, source in cells), {})


def told(content: object) -> list[tuple[str | None, str]]:
    assert isinstance(content, NotebookContent)
    return [(cell.id, cell.source) for cell in content.cells]


BASE = notebook(("one", ONE), ("two", TWO), ("end", "last = 9"))
EDITED = notebook(("one", ONE.replace("1", "1\ntyped = 7")), ("two", TWO), ("end", "last = 9"))


def test_an_edit_follows_the_cell_that_it_was_made_in():
    joined = notebook(("two", f"{ONE}\n{TWO}"), ("end", "last = 9"))
    merged = merge_contents(BASE, joined, EDITED)
    wanted = "first_line = 1\ntyped = 7\nsecond_line = 2\nthird_line = 3\nfourth_line = 4"
    assert told(merged.content) == [("two", wanted), ("end", "last = 9")]
    assert merged.overlaps == ()
    assert merged.by_content
    assert told(merge_contents(BASE, EDITED, joined).content) == told(merged.content)


def test_both_cells_and_the_joined_one_may_be_edited():
    mine = notebook(("one", f"{ONE}\nmine = 5\n{TWO}"), ("end", "last = 9"))
    other = notebook(("one", ONE), ("two", TWO.replace("3", "3\ntheirs = 8")), ("end", "last = 9"))
    wanted = f"{ONE}\nmine = 5\nthird_line = 3\ntheirs = 8\nfourth_line = 4"
    merged = merge_contents(BASE, mine, other)
    assert told(merged.content) == [("one", wanted), ("end", "last = 9")]


def test_a_cell_that_is_really_deleted_stays_when_the_other_side_edited_it():
    deleted = notebook(("two", TWO), ("end", "last = 9"))
    merged = merge_contents(BASE, deleted, EDITED)
    assert told(merged.content) == told(EDITED)
    assert [overlap.reason for overlap in merged.overlaps] == ["delete-edit"]
