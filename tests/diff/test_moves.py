"""The heaviest increasing subsequence."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from rtcd.diff.moves import heaviest_increasing


def test_what_is_in_order_stays_whole() -> None:
    assert heaviest_increasing([0, 2, 5], [1, 1, 1]) == [0, 1, 2]


def test_nothing_stays_of_nothing() -> None:
    assert heaviest_increasing([], []) == []


def test_one_moved_to_the_end_moves_alone() -> None:
    assert heaviest_increasing([1, 2, 3, 0], [1, 1, 1, 1]) == [0, 1, 2]


def test_one_heavy_cell_outweighs_many_light_ones() -> None:
    assert heaviest_increasing([1, 2, 3, 0], [1, 1, 1, 9]) == [3]


@given(st.permutations(range(7)), st.lists(st.integers(1, 9), min_size=7, max_size=7))
def test_nothing_heavier_is_increasing(values: list[int], weights: list[int]) -> None:
    def weight(places: tuple[int, ...] | list[int]) -> int:
        return sum(weights[place] for place in places)

    increasing = (
        places
        for size in range(8)
        for places in combinations(range(7), size)
        if all(values[left] < values[right] for left, right in pairwise(places))
    )
    chosen = heaviest_increasing(values, weights)
    assert all(values[left] < values[right] for left, right in pairwise(chosen))
    assert weight(chosen) == max(map(weight, increasing))
