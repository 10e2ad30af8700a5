"""Whole new lines stay whole lines, whatever the other side does around them."""

from __future__ import annotations

import pytest

from rtcd.merge.line_slides import unglued
from rtcd.merge.three_way_text import merge_text


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("a = 1\nb = 2\nc = 3", "c = 3", "a = 1\nb = 2\nnew = 9\nc = 3", "new = 9\nc = 3"),
        ("a = 1\nb = 2\nc = 3", "a = 1", "a = 1\nnew = 9\nb = 2\nc = 3", "a = 1\nnew = 9"),
        ("a = 1\nb = 2\nc = 3\n", "a = 1\n", "a = 1\nnew = 9\nb = 2\nc = 3\n", "a = 1\nnew = 9\n"),
    ],
)
def test_a_new_line_at_the_edge_of_a_deletion_is_not_glued(
    base: str, ours: str, theirs: str, merged: str
):
    assert merge_text(base, ours, theirs).text == merged
    assert merge_text(base, theirs, ours).text == merged


def test_two_whole_lines_with_nothing_between_are_parted():
    assert unglued("\nroom = 2mine = 3\nrest", "mine = 3\nrest", "x\nroom = 2\nrest") == (
        "room = 2\nmine = 3\nrest"
    )


def test_what_one_side_has_written_so_is_left_alone():
    assert unglued("ab\nc", "a\nc", "b\nc", "ab") == "ab\nc"
    assert unglued("a" * 5000 + "b", "a" * 5000, "b") == "a" * 5000 + "b"


def test_a_line_that_lost_its_end_to_the_deletion_of_another_one_gets_it_back():
    side = "first\nroom 12 # é\nmine and more # é\nlast"
    assert unglued("first\nroom 12mine and more # é\nlast", side, "x # é") == side
