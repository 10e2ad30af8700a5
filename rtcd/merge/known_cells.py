"""Cells that are known already, as the very objects that are known. Pure.

A save of a notebook mostly brings one changed cell and hundreds that are as they were. Who has to
compare it with several versions sees at once that two cells are the same when they are one object.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import compress, count
from operator import is_

from rtcd.content import Cell, Content, NotebookContent
from rtcd.diff.json_edits import same_json
from rtcd.diff.notebook import same_cell


def with_known_cells(content: Content, known: Iterable[Content]) -> Content:
    """The same content, with the cells of known notebooks wherever they mean the same.

    Args:
        content: a text is given back as it is.
        known: where to look; the first that has a cell gives it.
    """
    notebooks = [one for one in known if isinstance(one, NotebookContent)]
    if not isinstance(content, NotebookContent) or not notebooks:
        return content
    metadata = next(
        (one.metadata for one in notebooks if same_json(one.metadata, content.metadata)),
        content.metadata,
    )
    return replace(content, cells=_known_cells(content.cells, notebooks), metadata=metadata)


def _known_cells(cells: Sequence[Cell], notebooks: Sequence[NotebookContent]) -> tuple[Cell, ...]:
    found = list(cells)
    # Mostly all but a few stand where they stood.
    for place, (known, cell) in enumerate(zip(notebooks[0].cells, cells, strict=False)):
        if cell.id is not None and same_cell(known, cell):
            found[place] = known
    unknown = list(compress(count(), map(is_, found, cells)))
    if unknown:
        by_id: defaultdict[str | None, list[Cell]] = defaultdict(list)
        for notebook in notebooks:
            for cell in notebook.cells:
                by_id[cell.id].append(cell)
        by_id.pop(None, None)
        for place in unknown:
            found[place] = _known(found[place], by_id.get(found[place].id, ()))
    return tuple(found)


def _known(cell: Cell, candidates: Sequence[Cell]) -> Cell:
    for known in candidates:
        if same_cell(known, cell):
            return known
    for known in candidates:
        # Mostly what was typed or counted has changed, and outputs are what takes long to compare.
        if cell.outputs and same_json(known.outputs, cell.outputs):
            return replace(cell, outputs=known.outputs)
    return cell
