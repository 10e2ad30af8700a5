"""How often the base is found, and how often people are bothered; small draws of the benchmark."""

from __future__ import annotations

from collections import Counter

import pytest

from properties.base_scenarios import decide
from properties.flag_scenarios import ORDINARY, UNUSUAL, flags_of

PLAIN = ("fresh", "stale", "stale + formatter", "fresh + formatter")
MIXED = ("stale, copied one remote hunk", "partial undo (one hunk)", "some hunks reverted")


@pytest.mark.parametrize("name", PLAIN)
def test_the_base_of_a_plain_save_is_found(name: str) -> None:
    decisions = [decide(seed, [name]) for seed in range(60)]
    assert sum(one.is_right for one in decisions) >= 59


@pytest.mark.parametrize("name", MIXED)
def test_a_save_with_a_part_of_the_news_is_found_or_recorded(name: str) -> None:
    decisions = [decide(seed, [name]) for seed in range(60)]
    assert sum(one.is_silent_mistake for one in decisions) <= 5


def test_ordinary_work_leaves_next_to_no_records() -> None:
    saves = [flags for name in ORDINARY for seed in range(12) for flags in flags_of(name, seed)]
    flagged = [flags for flags in saves if flags]
    assert len(saves) > 150
    assert len(flagged) <= 2, flagged


@pytest.mark.parametrize(
    ("name", "reason"),
    [("both change one line", "same-line"), ("an old version again", "restored-old-version")],
)
def test_what_people_have_to_decide_is_recorded_every_time(name: str, reason: str) -> None:
    assert name in UNUSUAL
    counts = Counter(flag.reason for seed in range(6) for (flag,) in flags_of(name, seed))
    assert counts == {reason: 6}


def test_every_record_says_why() -> None:
    flags = [
        flag
        for name in UNUSUAL
        for seed in range(6)
        for one in flags_of(name, seed)
        for flag in one
    ]
    assert all(flag.why.endswith((".", "?")) and flag.why[0].isupper() for flag in flags)
