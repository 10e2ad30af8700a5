"""Nothing that was typed is lost: random histories of several disks (merging 9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from properties.merge_simulation import Plan, Result, simulate

TRUE_BASE = [
    pytest.param(Plan(true_base=True), 470, id="lines"),
    pytest.param(Plan(true_base=True, words=True), 470, id="words"),
    pytest.param(Plan(true_base=True, kind="notebook"), 60, id="notebooks"),
]
INFERRED = [
    pytest.param(Plan(), 470, id="lines"),
    pytest.param(Plan(words=True), 470, id="words"),
    pytest.param(Plan(kind="notebook"), 60, id="notebooks"),
]
"""Two thousand runs; ``benchmarks/simulate_merge.py`` makes forty thousand."""

PIECE = 1000


def run(plan: Plan, count: int, first: int = 0) -> list[Result]:
    return [simulate(plan, seed) for seed in range(first, first + count)]


def share_lost(results: list[Result]) -> float:
    return sum(len(r.lost) for r in results) / sum(r.tokens for r in results)


@pytest.mark.parametrize(("plan", "runs"), TRUE_BASE)
def test_with_the_true_base_nothing_is_lost(plan: Plan, runs: int) -> None:
    results = run(plan, runs)
    assert [r.seed for r in results if r.lost or not r.converged] == []


@pytest.mark.parametrize(("plan", "runs"), INFERRED)
def test_with_an_inferred_base_next_to_nothing_is_lost_and_all_of_it_is_kept(
    plan: Plan, runs: int
) -> None:
    results = run(plan, runs)
    assert [r.seed for r in results if r.unrecoverable or not r.converged] == []
    assert share_lost(results) <= 0.0001
    assert sum(len(r.duplicated) for r in results) <= 2


LINES_ONCE_LOST = [111, 158, 189, 351, 452, 634, 850, 940, 960, 991, 998, 1118, 1120, 1206, 1210]
LINES_ONCE_LOST += [1406, 1701, 1753, 1781, 1826, 2011, 2545, 2776, 2799, 2840, 8512]
WORDS_ONCE_LOST = [167, 1135]
"""Seeds of runs in which a save and others' work had changed the same line."""


@pytest.mark.parametrize(
    ("words", "seed"),
    [*((False, seed) for seed in LINES_ONCE_LOST), *((True, seed) for seed in WORDS_ONCE_LOST)],
)
def test_what_once_was_lost_is_not_lost_again(words: bool, seed: int) -> None:
    result = simulate(Plan(words=words), seed)
    assert (result.lost, result.converged) == (set(), True)


def test_a_cell_that_once_was_lost_is_not_lost_again() -> None:
    """Two people had put a cell of one word each into one place."""
    result = simulate(Plan(kind="notebook"), 783)
    assert (result.lost, result.converged) == (set(), True)


def test_moving_and_deleting_cells_while_others_type_loses_little_and_nothing_for_good() -> None:
    plan = Plan(kind="notebook", structure=True, browsers=False)
    results = run(plan, 40)
    assert [r.seed for r in results if r.unrecoverable or not r.converged] == []
    assert share_lost(results) <= 0.01


def test_the_simulation_notices_losses() -> None:
    """Without inference the same runs lose what the reference says they lose."""
    assert share_lost(run(Plan(newest_always=True), 20)) > 0.03


def pieces(runs: int, first: int = 0) -> list[int]:
    """The first seeds of pieces that can be run one by one; each takes half a minute."""
    return list(range(first, first + runs, PIECE))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", pieces(10_000))
@pytest.mark.parametrize("words", [False, True], ids=["lines", "words"])
def test_twenty_thousand_runs_with_the_true_base_lose_nothing(words: bool, first: int) -> None:
    results = run(Plan(true_base=True, words=words), PIECE, first)
    assert [r.seed for r in results if r.lost or not r.converged] == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", pieces(2000))
def test_two_thousand_notebooks_with_the_true_base_lose_nothing(first: int) -> None:
    results = run(Plan(true_base=True, kind="notebook"), PIECE, first)
    assert [r.seed for r in results if r.lost or not r.converged] == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("plan", "runs"), INFERRED)
def test_longer_runs_with_an_inferred_base(plan: Plan, runs: int) -> None:
    results = run(replace(plan, steps=200), 2 * runs, first=100_000)
    assert [r.seed for r in results if r.unrecoverable or not r.converged] == []
    assert share_lost(results) <= 0.0001
