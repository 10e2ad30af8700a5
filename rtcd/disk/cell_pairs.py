"""Which cell of the file on disk is which cell of a content, to copy its text from there.

A wrong pair costs nothing but bytes: what differs within it is written anew. So this is lighter
than the matching that decides about people's edits (``diff/cells.py``).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence

from rtcd.content import Cell
from rtcd.diff.sequences import matches, seq_diff


def pair_cells(old: Sequence[Cell], new: Sequence[Cell]) -> list[int | None]:
    """For each new cell the index of the old cell it is written from, or None.

    First by id where the source agrees, too, then equal type and source in order; then by id
    alone (of duplicates the k-th with the k-th), then the same but moved, then what is left between
    two pairs, by place.
    """
    pairs: list[int | None] = [None] * len(new)
    _pair_equal(pairs, *_keys(old, new, _identity))
    if None not in pairs:
        return pairs
    likeness = _keys(old, new, _likeness)
    _pair_in_order(pairs, *likeness)
    _pair_equal(pairs, *_keys(old, new, _id))
    _pair_equal(pairs, *likeness)
    _pair_by_place(pairs, old, new)
    return pairs


def _keys(
    old: Sequence[Cell], new: Sequence[Cell], key: Callable[[Cell], Hashable]
) -> tuple[list[Hashable], list[Hashable]]:
    return [key(cell) for cell in old], [key(cell) for cell in new]


def _identity(cell: Cell) -> Hashable:
    return None if cell.id is None else (cell.id, cell.cell_type, cell.source)


def _id(cell: Cell) -> Hashable:
    return cell.id


def _likeness(cell: Cell) -> Hashable:
    return cell.cell_type, cell.source


def _pair_equal(
    pairs: list[int | None], old_keys: Sequence[Hashable], new_keys: Sequence[Hashable]
) -> None:
    """Cells with equal keys (None is no key), wherever they stand."""
    taken = {index for index in pairs if index is not None}
    places: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for index, key in enumerate(old_keys):
        if index not in taken and key is not None:
            places[key].append(index)
    for index, key in enumerate(new_keys):
        if pairs[index] is None and places.get(key):
            pairs[index] = places[key].popleft()


def _pair_in_order(
    pairs: list[int | None], old_keys: Sequence[Hashable], new_keys: Sequence[Hashable]
) -> None:
    taken = {index for index in pairs if index is not None}
    old_free = [index for index in range(len(old_keys)) if index not in taken]
    new_free = [index for index, partner in enumerate(pairs) if partner is None]
    gaps = seq_diff([old_keys[i] for i in old_free], [new_keys[i] for i in new_free])
    for old_place, new_place in matches(gaps, len(old_free)):
        pairs[new_free[new_place]] = old_free[old_place]


def _pair_by_place(pairs: list[int | None], old: Sequence[Cell], new: Sequence[Cell]) -> None:
    """New cells between two pairs with the old cells that stood there, of the same type."""
    taken = {index for index in pairs if index is not None}
    for start, end in _free_runs(pairs):
        before = pairs[start - 1] if start else -1
        at = len(old) if before is None else before + 1
        for index in range(start, end):
            if at >= len(old) or at in taken:
                break
            if old[at].cell_type == new[index].cell_type:
                pairs[index] = at
                taken.add(at)
                at += 1


def _free_runs(pairs: Sequence[int | None]) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for index, partner in enumerate([*pairs, -1]):
        if partner is None and start is None:
            start = index
        elif partner is not None and start is not None:
            yield start, index
            start = None
