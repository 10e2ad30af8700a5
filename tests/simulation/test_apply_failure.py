"""The document library fails on a save: the save is kept, tried again, and never written over."""

from __future__ import annotations

from typing import Any

import pytest

from rtcd.errors import ApplyError
from rtcd.merge.replica import Replica
from rtcd.merge.save_outcome import SaveOutcome
from simulation.plan import Plan
from simulation.running import simulate

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

EVERY = 5


@pytest.mark.parametrize(
    ("seed", "in_a_row"),
    [(1_000, 1), (1_001, 2), (1_002, 2), (1_005, 4)],
    ids=["once", "twice", "twice, two files", "until the room is joined anew, again and again"],
)
def test_a_save_that_the_library_fails_on_is_merged_in_the_end(
    seed: int, in_a_row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fifth save fails, so many times in a row; a second failure loses the room."""
    real, calls, failures = Replica.save, 0, 0

    def save(self: Replica, *arguments: Any, **keywords: Any) -> SaveOutcome:
        nonlocal calls, failures
        calls += 1
        if calls % EVERY < in_a_row:
            failures += 1
            raise ApplyError("a text does not hold what was saved after applying the save")
        return real(self, *arguments, **keywords)

    monkeypatch.setattr(Replica, "save", save)
    result = simulate(seed, Plan(faults=0))
    assert failures >= in_a_row
    found = (result.lost, result.doubled, result.diverged, result.storms, result.taken_back)
    assert found == ([], [], [], [], [])
    assert all("ApplyError" in bug for bug in result.bugs)
