"""How alike two texts are."""

from __future__ import annotations

import pytest

from rtcd.diff.similarity import similarity


def test_equal_texts_are_wholly_alike() -> None:
    assert similarity("", "") == 1.0
    assert similarity("abc", "abc") == 1.0


def test_strangers_are_not_alike() -> None:
    assert similarity("abc", "xyz") == 0.0
    assert similarity("", "xyz") == 0.0


def test_common_characters_count_on_both_sides() -> None:
    assert similarity("abcd", "abxy") == pytest.approx(0.5)


def test_what_is_below_the_floor_counts_as_nothing() -> None:
    assert similarity("abcd", "abxy", 0.6) == 0.0
    assert similarity("a", "a" * 100, 0.5) == 0.0


def test_long_texts_are_compared_by_their_lines() -> None:
    lines = [f"line {n} of a long notebook cell\n" for n in range(20_000)]
    old = "".join(lines)
    new = "".join(["new first line\n", *lines[:10_000], *lines[10_100:], "new last line\n"])
    assert similarity(old, new, 0.5) == pytest.approx(0.995, abs=0.004)
    assert similarity(old, "".join(f"entry {n} elsewhere\n" for n in range(20_000)), 0.5) == 0.0


def test_one_endless_changed_line_is_no_trap() -> None:
    assert similarity("b" * 100_000 + "a", "b" * 100_000 + "cd") > 0.99
    assert similarity("ab" * 50_000, "cd" * 50_000) == 0.0
