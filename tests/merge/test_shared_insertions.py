"""What two insertions at one place have in common."""

from __future__ import annotations

import pytest

from rtcd.merge.shared_insertions import common_insertion


@pytest.mark.parametrize(
    ("ours", "theirs", "common"),
    [
        ("same\n", "same\n", "same\n"),
        ("shared\n", "shared\nmore\n", "shared\n"),
        ("shared\n", "more\nshared\n", "shared\n"),
        ("shared\n", "one\nshared\ntwo\n", "shared\n"),
        ("shared\nmine\n", "shared\nyours\n", "shared\n"),
        ("shared\n\n", "other\n\nshared\n\n", "shared\n\n"),
        ("\nshared", "\nmore\nshared", "\nshared"),
        ("shared", "shared\nmore", "shared"),
        (" shared", " shared more", " shared"),
        ("mine shared ", "yours shared ", "shared "),
        ("    return x\n", "    return y\n", ""),
        ("count = 1\n", "count = 2\n", ""),
        ("def mine():\n    pass\n", "def yours():\n    pass\n", ""),
        ("f {\n}\n", "g {\n}\n", ""),
        ("w1\n", "w10\n", ""),
        ("", "x\n", ""),
        ("identity1 more\n", "identity1 other\n", "identity1\n"),
    ],
)
def test_what_came_twice_is_found_and_chance_is_not(ours: str, theirs: str, common: str) -> None:
    known = {"pass", "return", "x", "y"}
    assert common_insertion(ours, theirs, known) == common
    assert common_insertion(theirs, ours, known) == common
