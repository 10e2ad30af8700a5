"""Which cells stay where they are, so that as little as possible moves.

Shared arrays have no move that all clients understand: a move is a deletion and a copy, and what
somebody types in the old place meanwhile is lost (merging 6.4). So the heaviest set of cells that
is in order already stays, and all others move around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def heaviest_increasing(values: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Places of the heaviest strictly increasing subsequence, in O(n log n).

    Args:
        values: different whole numbers from 0.
        weights: what each value is worth, above 0.
    """
    if all(left < right for left, right in pairwise(values)):
        return list(range(len(values)))
    best = _BestBelow(max(values) + 1)
    before: list[int] = []
    for place, value in enumerate(values):
        weight, last = best.below(value)
        before.append(last)
        best.offer(value, weight + weights[place], place)
    _, place = best.below(max(values) + 1)
    chosen = []
    while place >= 0:
        chosen.append(place)
        place = before[place]
    chosen.reverse()
    return chosen


class _BestBelow:
    """The heaviest entry below a value, as a Fenwick tree of maxima."""

    def __init__(self, size: int) -> None:
        self._tree: list[tuple[int, int]] = [(0, -1)] * (size + 1)

    def below(self, value: int) -> tuple[int, int]:
        """Weight and place of the heaviest entry with a smaller value; (0, -1) if there is none."""
        best = (0, -1)
        while value > 0:
            if self._tree[value][0] > best[0]:
                best = self._tree[value]
            value &= value - 1
        return best

    def offer(self, value: int, weight: int, place: int) -> None:
        """Enter a chain that ends with ``value``."""
        index = value + 1
        while index < len(self._tree):
            if weight > self._tree[index][0]:
                self._tree[index] = (weight, place)
            index += index & -index
