"""Waiting between tries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtcd.rooms.backoff import Backoff


def test_waits_double_up_to_the_longest():
    waits = [Backoff(first=0.25, longest=60.0).delay(n, 1.0) for n in range(12)]
    assert waits == [0, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_at_least_half_its_length_and_never_over_the_longest(failures, fraction):
    whole = Backoff().delay(failures, 1.0)
    assert whole / 2 <= Backoff().delay(failures, fraction) <= whole <= 60.0
