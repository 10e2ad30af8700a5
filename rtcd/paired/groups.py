"""Cells of a text that are one cell of the notebook.

Some formats cannot hold every cell: without markers, a code cell with blank lines inside is read as
several cells, and a comment in it as markdown. Such cells are joined again here, because they were
written from one; without that, an edit of one of them would come out as a new cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rtcd.content import Cell, NotebookContent
from rtcd.paired.script import Script, ScriptCell

NOT_TELLING = re.compile(r"[\s#']+")


def joined_cells(script: Script, notebook: NotebookContent) -> tuple[ScriptCell, ...] | None:
    """The text's cells joined to as many as the notebook has; None where that cannot be done."""
    found = []
    at = 0
    for cell in notebook.cells:
        end = _end_of(script, at, cell)
        if end is None:
            return None
        found.append(join(script, at, end, cell.cell_type))
        at = end
    return tuple(found) if at == len(script.cells) else None


def join(script: Script, start: int, end: int, cell_type: str) -> ScriptCell:
    """Cells ``start`` to ``end`` of a text as one; a code cell is the text as it stands there."""
    if end - start == 1:
        return script.cells[start]
    first, last = script.cells[start], script.cells[end - 1]
    if cell_type == "code":
        source = "\n".join(script.lines[first.start : last.end]).strip("\n")
    else:
        source = "\n\n".join(cell.source for cell in script.cells[start:end])
    return ScriptCell(cell_type, source, first.metadata, first.start, last.end)


def _end_of(script: Script, start: int, cell: Cell) -> int | None:
    """Where the cells end that together say what ``cell`` says."""
    wanted = _told(cell.source)
    for end in range(start + 1, len(script.cells) + 1):
        one = script.cells[start]
        same_type = end > start + 1 or one.cell_type == cell.cell_type
        said = _told(join(script, start, end, cell.cell_type).source)
        if said == wanted and same_type:
            return end
        if len(said) > len(wanted):
            return None
    return None


def _told(source: str) -> str:
    return NOT_TELLING.sub("", source)


def joined_like(
    script: Script, origins: Sequence[int | None], group_of: Sequence[int], types: Sequence[str]
) -> tuple[tuple[ScriptCell, ...], tuple[int | None, ...]]:
    """A saved text's cells joined as those of the text before were.

    Args:
        script: the saved text.
        origins: for each of its cells the old text's cell that it is, or None.
        group_of: for each of the old text's cells its group.
        types: the cell type of each group.

    Returns:
        The joined cells, and for each its group; a group is given once.
    """
    groups = [None if origin is None else group_of[origin] for origin in origins]
    cells: list[ScriptCell] = []
    given: list[int | None] = []
    for start, end, group in _runs(groups):
        if group is None or group in given:
            cells += script.cells[start:end]
            given += [None] * (end - start)
            continue
        cells.append(join(script, start, end, types[group]))
        given.append(group)
    return tuple(cells), tuple(given)


def _runs(groups: Sequence[int | None]) -> Iterator[tuple[int, int, int | None]]:
    """Neighbours of one group, with what was inserted between them; half-open."""
    at = 0
    while at < len(groups):
        group = groups[at]
        end = at + 1
        if group is not None:
            while (more := _next_of(groups, end, group)) is not None:
                end = more + 1
        yield at, end, group
        at = end


def _next_of(groups: Sequence[int | None], start: int, group: int) -> int | None:
    for place in range(start, len(groups)):
        if groups[place] is not None:
            return place if groups[place] == group else None
    return None
