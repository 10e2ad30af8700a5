"""Buckets of permissions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtcd.lan.rate import MAX_SOURCES, Bucket, Rate, SourceRates


@given(
    st.integers(1, 20),
    st.floats(0.01, 50),
    st.lists(st.floats(0, 5), max_size=200),
)
def test_never_more_than_the_burst_and_the_rate_allow(burst, per_second, gaps):
    now, taken = 0.0, 0
    bucket = Bucket(Rate(burst, per_second), now)
    for gap in gaps:
        now += gap
        taken += bucket.take(now)
    assert taken <= burst + now * per_second + 1e-6


def test_a_clock_that_goes_back_gives_nothing():
    bucket = Bucket(Rate(1, 1), 100.0)
    assert [bucket.take(at) for at in (100.0, 50.0, 100.5, 101.0)] == [True, False, False, True]


def test_sources_are_apart_bounded_and_limited_together():
    rates = SourceRates(Rate(2, 0), Rate(5, 0), 0.0)
    assert [rates.take("a", 0.0) for _ in range(4)] == [True, True, False, False]
    assert [rates.take(name, 0.0) for name in "bcde"] == [True, True, True, False]
    for number in range(3 * MAX_SOURCES):
        rates.take(str(number), 0.0)
    assert len(rates._sources) == MAX_SOURCES
