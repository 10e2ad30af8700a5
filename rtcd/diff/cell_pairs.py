"""Two rows of cells, and which of them were paired so far. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtcd.content import Cell
from rtcd.diff.moves import heaviest_increasing


class CellPairs:
    """Pairs of an old and a new cell, by their places; no cell is in two pairs.

    Attributes:
        old: the cells of one notebook.
        new: those of the other.
        old_of: for each new cell the place of the old one it is paired with, or None.
        taken: for each old cell whether it is paired.
    """

    def __init__(self, old: Sequence[Cell], new: Sequence[Cell]) -> None:
        self.old = old
        self.new = new
        self.old_of: list[int | None] = [None] * len(new)
        self.taken = [False] * len(old)

    def pair(self, old: int, new: int) -> None:
        """These two are one cell."""
        self.old_of[new] = old
        self.taken[old] = True

    def free_old(self) -> list[int]:
        """The places of old cells that are not paired."""
        return [index for index, taken in enumerate(self.taken) if not taken]

    def free_new(self) -> list[int]:
        """The places of new cells that are not paired."""
        return [index for index, old in enumerate(self.old_of) if old is None]

    def is_free(self, old: int, new: int) -> bool:
        """Neither of the two is paired."""
        return not self.taken[old] and self.old_of[new] is None

    def gaps(self) -> Iterator[tuple[list[int], list[int]]]:
        """The free old and free new cells between neighbours that are matched in order."""
        if all(self.taken) or None not in self.old_of:
            return
        pairs = [(old, new) for new, old in enumerate(self.old_of) if old is not None]
        places = heaviest_increasing(
            [old for old, _ in pairs], [len(self.old[old].source) + 1 for old, _ in pairs]
        )
        chain = [*(pairs[place] for place in places), (len(self.old), len(self.new))]
        gaps = []
        old_at = new_at = 0
        for old, new in chain:
            olds = [index for index in range(old_at, old) if not self.taken[index]]
            news = [index for index in range(new_at, new) if self.old_of[index] is None]
            if olds and news:
                gaps.append((olds, news))
            old_at, new_at = old + 1, new + 1
        # A list, because the pairs change while the gaps are walked through.
        yield from gaps
