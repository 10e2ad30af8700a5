"""Cells that are known already are the known objects, and nothing else changes by that."""

from __future__ import annotations

from dataclasses import replace

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.merge.known_cells import with_known_cells

OUTPUT = {"output_type": "stream", "name": "stdout", "text": "1\n"}


def cells(*sources: str) -> tuple[Cell, ...]:
    return tuple(
        Cell(f"c{n}", "code", source, metadata={"tags": [n]}, outputs=({**OUTPUT},))
        for n, source in enumerate(sources)
    )


def test_only_a_cell_that_means_the_same_becomes_the_known_one() -> None:
    known = NotebookContent(cells("a", "b", "c"), {"k": 1})
    saved = NotebookContent(cells("a", "B", "c"), {"k": 1.0})
    found = with_known_cells(saved, [known])
    assert found == saved
    assert isinstance(found, NotebookContent)
    assert [one is two for one, two in zip(found.cells, known.cells, strict=True)] == [
        True,
        False,
        True,
    ]


def test_a_cell_that_was_only_counted_on_has_the_known_outputs() -> None:
    known = NotebookContent(cells("a", "b"))
    saved = NotebookContent((replace(cells("a")[0], execution_count=7), cells("a", "x")[1]))
    found = with_known_cells(saved, [known])
    assert found == saved
    assert isinstance(found, NotebookContent)
    same = [one.outputs is two.outputs for one, two in zip(found.cells, known.cells, strict=True)]
    assert same == [True, True]


def test_cells_without_or_with_another_id_stay_as_they_are() -> None:
    known = NotebookContent(cells("a", "b"))
    saved = NotebookContent((replace(known.cells[0], id=None), replace(known.cells[1], id="other")))
    assert with_known_cells(saved, [known]).cells == saved.cells  # type: ignore[union-attr]


def test_cells_that_stand_elsewhere_or_in_the_second_notebook_are_known() -> None:
    first, second = NotebookContent(cells("a", "b", "c")), NotebookContent(cells("a", "B", "c"))
    saved = NotebookContent((*cells("a", "B")[1:], Cell("new", "code", "x"), *cells("a", "b", "c")))
    found = with_known_cells(saved, [first, second]).cells  # type: ignore[union-attr]
    assert found == saved.cells
    expected = [second.cells[1], saved.cells[1], *first.cells]
    assert [one is two for one, two in zip(found, expected, strict=True)] == [True] * 5


def test_a_text_is_given_back() -> None:
    text = TextContent("a")
    assert with_known_cells(text, [NotebookContent(()), TextContent("a")]) is text
