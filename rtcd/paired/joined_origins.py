"""A new cell that holds what several old ones held is the longest of them: its outputs stay.

So is one that holds a cell which was moved and added to, where the matcher sees too little in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rtcd.content import Cell

ENOUGH = 0.6
"""So much of the lines of each old cell."""

SHARE = 0.4
"""A cell that was added to was so much of what it is now, counted in signs."""


def with_joined(
    old: Sequence[Cell], new: Sequence[Cell], origins: Sequence[int | None]
) -> list[int | None]:
    """Which old cell each new one is, with cells joined from two or more that are gone.

    The matcher compares cell with cell, and a joined one is about as far from either.
    """
    made = list(origins)
    gone = sorted(set(range(len(old))) - set(origins))
    for number, cell in enumerate(new):
        if made[number] is not None or len(gone) < 2:
            continue
        inside = [place for place in gone if _is_most_in(old[place], cell)]
        if len(inside) >= 2:
            made[number] = max(inside, key=lambda place: len(old[place].source))
            gone = [place for place in gone if place not in inside]
    for number, cell in enumerate(new):
        if made[number] is None:
            inside = [place for place in gone if _is_all_in(old[place], cell)]
            if len(inside) == 1:
                made[number] = inside[0]
                gone.remove(inside[0])
    return made


def _is_all_in(old: Cell, new: Cell) -> bool:
    lines = _lines(old.source)
    return (
        old.cell_type == new.cell_type
        and bool(lines)
        and lines <= _lines(new.source)
        and len(old.source) >= SHARE * len(new.source)
    )


def _is_most_in(old: Cell, new: Cell) -> bool:
    lines, others = _lines(old.source), _lines(new.source)
    return (
        old.cell_type == new.cell_type
        and bool(lines)
        and (lines & others).total() >= ENOUGH * lines.total()
    )


def _lines(source: str) -> Counter[str]:
    return Counter(line.strip() for line in source.splitlines() if line.strip())
