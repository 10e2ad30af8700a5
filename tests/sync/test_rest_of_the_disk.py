"""How long the disk rests after a write."""

from __future__ import annotations

import pytest

from rtcd.sync.writing import rest_after


@pytest.mark.parametrize(
    ("write", "size", "rest"),
    [
        (0.0, 10, 0.05),
        (0.002, 10, 0.05),
        (0.02, 10, 0.16),
        (0.1, 999_999, 0.25),
        (0.1, 1_000_000, 0.8),
        (3.0, 10, 0.25),
        (3.0, 50_000_000, 1.0),
    ],
)
def test_a_stream_of_edits_is_written_as_often_as_writing_is_cheap(write, size, rest):
    assert rest_after(write, size) == pytest.approx(rest)
