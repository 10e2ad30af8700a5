"""A save made from an old version that holds cells of a newer one: they are those cells."""

from __future__ import annotations

from dataclasses import replace

from paired.samples import code, ids, of_cells, paired, read
from rtcd.content import NotebookContent

ONE, TWO = "one = 'the first cell'", "two = 'the second cell'"
NEW = "fresh = 'made by somebody else'\nfresh_too = 1"
OLD = of_cells(code("a", ONE), code("b", TWO))
NEWER = of_cells(code("a", ONE), code("n", NEW), code("b", TWO))


def made(text: str, newer: NotebookContent = NEWER) -> list[tuple[str | None, str]]:
    base = paired(OLD)
    notebook = base.notebook_for(read(text), ids(), newer=paired(newer))
    return [(cell.id, cell.source) for cell in notebook.cells]


def test_a_cell_to_the_letter_keeps_its_id():
    text = paired(NEWER).script.text.replace(ONE, f"{ONE}\nmore = 2")
    assert made(text) == [("a", f"{ONE}\nmore = 2"), ("n", NEW), ("b", TWO)]


def test_a_cell_that_was_added_to_keeps_its_id():
    text = paired(NEWER).script.text.replace(NEW, f"{NEW}\nmore = 2")
    assert made(text) == [("a", ONE), ("n", f"{NEW}\nmore = 2"), ("b", TWO)]


def test_it_takes_the_place_of_no_old_cell():
    text = paired(of_cells(code("a", ONE), code("n", NEW))).script.text
    assert made(text) == [("a", ONE), ("n", NEW)]


def test_a_cell_that_others_joined_is_the_joined_one():
    joined = replace(OLD.cells[1], source=f"{TWO}\n{ONE}")
    newer = of_cells(joined)
    assert made(paired(newer).script.text, newer) == [("b", f"{TWO}\n{ONE}")]


def test_of_what_stands_there_twice_one_is_the_newer_cell():
    text = paired(of_cells(*OLD.cells, code("x", NEW), code("y", NEW))).script.text
    assert made(text) == [("a", ONE), ("b", TWO), ("n", NEW), ("new1", NEW)]
