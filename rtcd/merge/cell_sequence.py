"""The order of the cells of a merged notebook: the shared side's, with the disk's moves. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rtcd.diff.moves import heaviest_increasing

Key = tuple[str, int]
"""A cell of the result: ``base`` and its place there, or ``ours``/``theirs`` for a new one."""


def merged_order(
    mine: Sequence[Key],
    theirs: Sequence[Key],
    cells: Collection[Key],
    weights: Sequence[int],
    *,
    behind: Mapping[Key, Key],
) -> list[Key]:
    """The shared side's order, with the disk's moves and new cells put in.

    Args:
        mine: the disk's cells in order.
        theirs: those of the shared side.
        cells: which of them are in the result.
        weights: what moving each cell of the base costs.
        behind: new cells of the disk that belong behind a certain cell.
    """
    if mine == theirs and len(cells) == len(theirs):
        return list(theirs)
    moved = _moved(mine, weights) - _moved(theirs, weights)
    order = [key for key in theirs if key in cells and key not in moved]
    placed = set(order)
    only_theirs = set(theirs) - set(mine)
    previous: Key | None = None
    for key in mine:
        if key not in cells:
            continue
        if key not in placed:
            order.insert(_place_behind(order, behind.get(key, previous), only_theirs), key)
            placed.add(key)
        previous = key
    return order


def _place_behind(order: Sequence[Key], previous: Key | None, only_theirs: set[Key]) -> int:
    place = 0 if previous is None else order.index(previous) + 1
    if previous is None or previous[0] == "base":
        # At one place the shared side's new cells come first.
        while place < len(order) and order[place] in only_theirs and order[place][0] != "base":
            place += 1
    return place


def _moved(keys: Sequence[Key], weights: Sequence[int]) -> set[Key]:
    """The cells of the base that changed their place among the others."""
    kept = [key[1] for key in keys if key[0] == "base"]
    staying = heaviest_increasing(kept, [weights[place] for place in kept])
    return {("base", place) for place in kept} - {("base", kept[index]) for index in staying}
