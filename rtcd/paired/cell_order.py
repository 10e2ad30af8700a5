"""Texts with their cells in one order, whatever order they are in: for comparisons only.

A cell that was moved is, to a comparison of texts, one deletion and one insertion of all it says, and
drowns what tells which version a save was made from. So texts are compared with the cells of one
notebook in one order: each cell has a rank for as long as it lives, and a new one ranks behind the
cell that it was put behind. Lines of a save that stood in another cell, because two were joined or one
was split, rank with that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from operator import le

from rtcd.content import TextContent
from rtcd.diff.cells import match_cells
from rtcd.paired.pairing import Pairing
from rtcd.paired.saved_text import is_edit_in_place
from rtcd.paired.script import Script, ScriptCell

Rank = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines of a text, ``end`` not included, with their rank."""

    rank: Rank
    start: int
    end: int


class CellOrder:
    """The ranks of all cells of one notebook, by id."""

    def __init__(self) -> None:
        self._ranks: dict[str, Rank] = {}
        self._numbers = count(1)
        self._in_order: Sequence[str | None] = ()

    def of_pairing(self, pairing: Pairing) -> TextContent:
        """A version's text in this order; its new cells get their ranks."""
        identities = _identities(pairing)
        if identities == self._in_order:
            return TextContent(pairing.script.text)
        before: Rank = ()
        ranks = []
        for identity in identities:
            rank = self._ranks.get(identity) if identity is not None else None
            if rank is None:
                rank = (*before, next(self._numbers))
                if identity is not None:
                    self._ranks[identity] = rank
            ranks.append(rank)
            before = rank
        if None not in identities and _is_sorted(ranks):
            self._in_order = identities
        pieces = [
            _Piece(rank, cell.start, cell.end)
            for rank, cell in zip(ranks, pairing.cells, strict=True)
        ]
        return _ordered(pairing.script, pieces)

    def of_save(self, saved: Script, newest: Pairing) -> TextContent:
        """A saved text in this order; its cells are matched with those of a version."""
        origins = _origins(newest, saved)
        if isinstance(origins, range) and _identities(newest) == self._in_order:
            return TextContent(saved.text)
        owners = _owners(newest, saved, origins)
        before: Rank = ()
        pieces = []
        for number, (cell, origin) in enumerate(zip(saved.cells, origins, strict=True)):
            known = self._rank_of(newest, origin)
            before = known if known is not None else (*before, 0, number)
            for owner, start, end in _runs(saved.lines, cell, origin, owners):
                rank = self._rank_of(newest, owner) if owner != origin else None
                pieces.append(_Piece(rank or before, start, end))
        return _ordered(saved, pieces)

    def _rank_of(self, newest: Pairing, number: int | None) -> Rank | None:
        place = None if number is None else newest.places[number]
        identity = None if place is None else newest.notebook.cells[place].id
        return self._ranks.get(identity) if identity is not None else None


def _identities(pairing: Pairing) -> Sequence[str | None]:
    """The ids of a text's cells, from above."""
    cells = pairing.notebook.cells
    return [None if place is None else cells[place].id for place in pairing.places]


def _origins(newest: Pairing, saved: Script) -> Sequence[int | None]:
    if is_edit_in_place(newest.cells, saved.cells):
        return range(len(saved.cells))
    return match_cells(
        [cell.as_cell() for cell in newest.cells], [cell.as_cell() for cell in saved.cells]
    )


def _owners(newest: Pairing, saved: Script, origins: Sequence[int | None]) -> Mapping[str, int]:
    """Lines of cells that changed or went, with the one cell that each of them stood in."""
    if isinstance(origins, range):
        return {}  # one cell was edited in its place
    unchanged = {
        origin
        for origin, cell in zip(origins, saved.cells, strict=True)
        if origin is not None and newest.cells[origin].says_the_same(cell)
    }
    owners: dict[str, int] = {}
    twice: set[str] = set()
    for number, cell in enumerate(newest.cells):
        if number in unchanged:
            continue
        for line in map(str.strip, cell.source.splitlines()):
            if owners.setdefault(line, number) != number:
                twice.add(line)
    return {line: number for line, number in owners.items() if line and line not in twice}


def _runs(
    lines: Sequence[str], cell: ScriptCell, origin: int | None, owners: Mapping[str, int]
) -> Iterator[tuple[int | None, int, int]]:
    """A cell's lines by the cell that they stood in; a new line goes with the one above it."""
    owner, start = origin, cell.start
    if not owners:
        yield owner, start, cell.end
        return
    for number in range(cell.start, cell.end):
        stood_in = owners.get(lines[number].strip(), owner)
        if stood_in != owner:
            if number > start:
                yield owner, start, number
            owner, start = stood_in, number
    yield owner, start, cell.end


def _is_sorted(ranks: Sequence[Rank]) -> bool:
    return all(map(le, ranks, ranks[1:]))


def _ordered(script: Script, pieces: Sequence[_Piece]) -> TextContent:
    ranks = [piece.rank for piece in pieces]
    if not script.has_places or _is_sorted(ranks):
        return TextContent(script.text)
    texts = ["\n".join(script.lines[: script.header_end])]
    texts += [
        "\n".join(script.lines[piece.start : piece.end]).rstrip("\n") + "\n"
        for piece in sorted(pieces, key=lambda piece: (piece.rank, piece.start))
    ]
    return TextContent("\n".join(texts))
