"""Two copies of one cell, as two people make who move it at the same time (merging 6.4)."""

from __future__ import annotations

from dataclasses import replace

from rtcd.content import Cell, NotebookContent
from rtcd.merge.sameness import same_cell_meaning


def without_doubles(notebook: NotebookContent) -> NotebookContent:
    """The notebook without copies that hold nothing of their own; the same object if there are none.

    Everybody who does this keeps the same copy, so it may be done twice. Copies that have gone
    different ways both stay; they get ids of their own when the document is edited.
    """
    ids = {cell.id for cell in notebook.cells}
    if len(ids) == len(notebook.cells):
        return notebook
    kept: list[Cell] = []
    places: dict[str | None, int] = {}
    for cell in notebook.cells:
        place = places.get(cell.id) if cell.id is not None else None
        if place is None:
            places[cell.id] = len(kept)
            kept.append(cell)
        elif _holds(kept[place], cell):
            continue
        elif _holds(cell, kept[place]):
            kept[place] = cell
        else:
            kept.append(cell)
    return replace(notebook, cells=tuple(kept)) if len(kept) < len(notebook.cells) else notebook


def _holds(one: Cell, other: Cell) -> bool:
    """Everything of the other cell is in this one."""
    if same_cell_meaning(one, other):
        return True
    if one.cell_type != other.cell_type:
        return False
    lines = iter(one.source.splitlines())
    return all(line in lines for line in other.source.splitlines())
