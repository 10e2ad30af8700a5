"""Cells of a save that are known from a version newer than the one it was made from.

A text has no ids, so a cell that others made after the base, and that the save holds, would come out
as a new one beside the cell that it is: or, worse, in the place of another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rtcd.paired.script import ScriptCell

if TYPE_CHECKING:
    from rtcd.paired.pairing import Pairing


def cells_of_newer(
    base: Sequence[ScriptCell], saved: Sequence[ScriptCell], newer: Pairing
) -> Mapping[int, int]:
    """For saved cells that ``newer`` has to the letter, and the base has not: the notebook's place.

    Only what is there once on either side is known for certain.
    """
    before = set(map(_said, base))
    times = Counter(map(_said, saved))
    twice = Counter(map(_said, newer.cells))
    places = {
        _said(cell): place
        for cell, place in zip(newer.cells, newer.places, strict=True)
        if place is not None and twice[_said(cell)] == 1
    }
    return {
        number: places[said]
        for number, said in enumerate(map(_said, saved))
        if said in places and said not in before and times[said] == 1
    }


def _said(cell: ScriptCell) -> tuple[str, str]:
    return cell.cell_type, cell.source


def grown_of_newer(
    saved: Sequence[ScriptCell], numbers: Iterable[int], newer: Pairing, places: Iterable[int]
) -> Mapping[int, int]:
    """For these saved cells that have all lines of one new cell of ``newer``, and more: its number.

    ``places`` are those of the new cells in its notebook.
    """
    wanted = set(places)
    there = [number for number, place in enumerate(newer.places) if place in wanted]
    found: dict[int, int] = {}
    for number in numbers:
        inside = [
            other
            for other in there
            if other not in found.values() and _is_in(newer.cells[other], saved[number])
        ]
        if len(inside) == 1:
            found[number] = inside[0]
    return found


def _is_in(one: ScriptCell, other: ScriptCell) -> bool:
    """True when all that ``one`` says ``other`` says, too."""
    lines = Counter(line for line in one.source.splitlines() if line.strip())
    return (
        one.cell_type == other.cell_type
        and bool(lines)
        and lines <= Counter(other.source.splitlines())
    )
