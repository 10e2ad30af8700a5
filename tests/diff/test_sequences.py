"""The difference of sequences of anything."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rtcd.diff.sequences import Gap, matches, number_items, seq_diff

ITEMS = st.lists(st.sampled_from("abcdef"), max_size=30)
BUDGETS = st.sampled_from([0, 5, 40, 10**6])


def rebuilt(old: Sequence[Any], new: Sequence[Any], gaps: Sequence[Gap]) -> list[Any]:
    out: list[Any] = []
    at = 0
    for gap in gaps:
        out += [*old[at : gap.old_start], *new[gap.new_start : gap.new_end]]
        at = gap.old_end
    return [*out, *old[at:]]


@given(ITEMS, ITEMS, BUDGETS)
def test_the_gaps_turn_old_into_new(old: list[str], new: list[str], budget: int) -> None:
    assert rebuilt(old, new, seq_diff(old, new, budget=budget)) == new


@given(ITEMS, ITEMS, BUDGETS)
def test_between_two_gaps_something_stays(old: list[str], new: list[str], budget: int) -> None:
    gaps = seq_diff(old, new, budget=budget)
    assert all(a.old_end < b.old_start and a.new_end < b.new_start for a, b in pairwise(gaps))
    assert all(gap.old_start < gap.old_end or gap.new_start < gap.new_end for gap in gaps)


@given(ITEMS, ITEMS, BUDGETS)
def test_what_stays_is_equal(old: list[str], new: list[str], budget: int) -> None:
    gaps = seq_diff(old, new, budget=budget)
    pairs = list(matches(gaps, len(old)))
    assert all(old[i] == new[j] for i, j in pairs)
    assert len(pairs) == len(old) - sum(gap.old_end - gap.old_start for gap in gaps)


def test_equal_sequences_have_no_gap() -> None:
    assert seq_diff([1, "a", None], [1, "a", None]) == ()


def test_within_the_budget_as_much_as_possible_stays() -> None:
    gaps = seq_diff("xaybzc", "aqbrc")
    assert "".join("xaybzc"[i] for i, _ in matches(gaps, 6)) == "abc"


def test_beyond_the_budget_rare_elements_hold_the_sequences_together() -> None:
    old = ["-"] * 5 + ["one"] + ["-"] * 9 + ["two"] + ["-"] * 5
    new = ["+"] + old[:8] + ["*"] * 4 + old[8:] + ["+"]
    gaps = seq_diff(old, new, budget=4)
    assert {(5, 6), (15, 20)} <= set(matches(gaps, len(old)))
    assert rebuilt(old, new, gaps) == new


def test_beyond_the_budget_without_anchors_all_is_replaced() -> None:
    assert seq_diff("aabb" * 50, "bbaa" * 60, budget=100) == (Gap(0, 200, 0, 240),)


def test_more_kinds_of_elements_than_there_are_characters() -> None:
    old = list(range(70_000))
    new = [*old[:30_000], -1, *old[30_001:]]
    new[60_000:60_001] = []
    assert seq_diff(old, new) == (
        Gap(30_000, 30_001, 30_000, 30_001),
        Gap(60_000, 60_001, 60_000, 60_000),
    )


def test_equal_elements_get_one_number() -> None:
    numbers: dict[Any, int] = {}
    assert number_items(["a", "b", "a"], numbers) == [0, 1, 0]
    assert number_items(["c", "b"], numbers) == [2, 1]
