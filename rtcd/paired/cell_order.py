"""Texts with their cells in one order, whatever order they are in: for comparisons only.

A cell that was moved is, to a comparison of texts, one deletion and one insertion of all it says, and
drowns what tells which version a save was made from. So texts are compared with the cells of one
notebook in one order: each cell has a rank for as long as it lives, and a new one ranks behind the
cell that it was put behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from rtcd.content import TextContent
from rtcd.diff.cells import match_cells
from rtcd.paired.pairing import Pairing, is_edit_in_place
from rtcd.paired.script import Script, ScriptCell

Rank = tuple[int, ...]


class CellOrder:
    """The ranks of all cells of one notebook, by id."""

    def __init__(self) -> None:
        self._ranks: dict[str, Rank] = {}
        self._numbers = count(1)

    def of_pairing(self, pairing: Pairing) -> TextContent:
        """A version's text in this order; its new cells get their ranks."""
        before: Rank = ()
        ranks = []
        for place in pairing.places:
            identity = None if place is None else pairing.notebook.cells[place].id
            rank = self._ranks.get(identity) if identity is not None else None
            if rank is None:
                rank = (*before, next(self._numbers))
                if identity is not None:
                    self._ranks[identity] = rank
            ranks.append(rank)
            before = rank
        return _ordered(pairing.script, pairing.cells, ranks)

    def of_save(self, saved: Script, newest: Pairing) -> TextContent:
        """A saved text in this order; its cells are matched with those of a version."""
        origins = _origins(newest, saved)
        before: Rank = ()
        ranks = []
        for number, origin in enumerate(origins):
            place = None if origin is None else newest.places[origin]
            identity = None if place is None else newest.notebook.cells[place].id
            known = self._ranks.get(identity) if identity is not None else None
            before = known if known is not None else (*before, 0, number)
            ranks.append(before)
        return _ordered(saved, saved.cells, ranks)


def _origins(newest: Pairing, saved: Script) -> Sequence[int | None]:
    if is_edit_in_place(newest.cells, saved.cells):
        return range(len(saved.cells))
    return match_cells(
        [cell.as_cell() for cell in newest.cells], [cell.as_cell() for cell in saved.cells]
    )


def _ordered(script: Script, cells: Sequence[ScriptCell], ranks: Sequence[Rank]) -> TextContent:
    if not script.has_places or list(ranks) == sorted(ranks):
        return TextContent(script.text)
    pieces = ["\n".join(script.lines[: script.header_end])]
    for _, place in sorted((rank, place) for place, rank in enumerate(ranks)):
        lines = script.lines[cells[place].start : cells[place].end]
        pieces.append("\n".join(lines).rstrip("\n") + "\n")
    return TextContent("\n".join(pieces))
