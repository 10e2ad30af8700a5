"""A cell that one side joined to another one, while the other side edited it.

By the cells alone that is a deletion against an edit, and the edit would win: the cell would stay
beside the joined one, and all that both hold would be there twice. But nothing was deleted. So the
same cells are joined in the base and on the other side, too, and then their texts are merged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rtcd.content import Cell, NotebookContent

ENOUGH = 0.6
"""So much of a cell's lines, new in another cell, and it was joined to that one."""

MIN_SIGNS = 8
"""So few may be the same by accident."""


@dataclass(frozen=True, slots=True)
class _Join:
    """Places in the base: the cell that went, and the one it went into."""

    gone: int
    into: int
    is_before: bool


def follow_joins(
    base: NotebookContent,
    joining: NotebookContent,
    other: NotebookContent,
    origins: Sequence[int | None],
    other_origins: Sequence[int | None],
) -> tuple[NotebookContent, NotebookContent] | None:
    """Join in ``base`` and ``other`` the cells that were joined in ``joining``.

    Args:
        base: what both began with.
        joining: the side that may have joined cells.
        other: the other side.
        origins: for each cell of ``joining`` its place in the base, or None.
        other_origins: the same for ``other``.

    Returns:
        Both with the cells joined; None where no cell was joined that the other side edited.
    """
    here = dict(zip(origins, joining.cells, strict=True))
    there = {place: number for number, place in enumerate(other_origins) if place is not None}
    old, new = list(base.cells), list(other.cells)
    gone: set[int] = set()
    for place, cell in enumerate(base.cells):
        if place in here or place not in there or new[there[place]].source == cell.source:
            continue
        found = _join_of(place, base.cells, here)
        if found is None or found.into not in there or found.into in gone:
            continue
        for cells, one, into in (
            (old, found.gone, found.into),
            (new, there[found.gone], there[found.into]),
        ):
            pieces = [cells[one].source, cells[into].source]
            cells[into] = replace(
                cells[into], source="\n".join(pieces if found.is_before else pieces[::-1])
            )
        gone.add(place)
    if not gone:
        return None
    went = {there[place] for place in gone}
    return (
        replace(base, cells=tuple(c for place, c in enumerate(old) if place not in gone)),
        replace(other, cells=tuple(c for place, c in enumerate(new) if place not in went)),
    )


def _join_of(gone: int, base: Sequence[Cell], here: dict[int | None, Cell]) -> _Join | None:
    """The one cell that has got most lines of another one."""
    lines = _telling(base[gone].source)
    wanted = max(1.0, ENOUGH * lines.total())
    if sum(map(len, lines)) < MIN_SIGNS:
        return None
    found = []
    for into, cell in here.items():
        if into is None or cell.cell_type != base[gone].cell_type:
            continue
        got = (_telling(cell.source) - _telling(base[into].source)) & lines
        if got.total() >= wanted:
            found.append(_Join(gone, into, _is_before(cell.source, got, base[into].source)))
    return found[0] if len(found) == 1 else None


def _is_before(source: str, got: Counter[str], own: str) -> bool:
    """True when the lines that came stand above the cell's own."""
    kept = _telling(own)
    first = next((line for line in map(str.strip, source.splitlines()) if line in got | kept), "")
    return first in got


def _telling(source: str) -> Counter[str]:
    return Counter(line.strip() for line in source.splitlines() if line.strip())
