"""How long the disk rests after a write."""

from __future__ import annotations

import pytest

from rtcd.sync.writing import rest_after


@pytest.mark.parametrize(
    ("write", "rest"),
    [(0.0, 0.05), (0.002, 0.05), (0.02, 0.16), (0.1, 0.5), (0.25, 0.5), (0.4, 0.8), (3.0, 1.0)],
)
def test_a_stream_of_edits_is_written_as_often_as_writing_is_cheap(write, rest):
    assert rest_after(write) == pytest.approx(rest)
