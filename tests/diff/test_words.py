"""The difference inside changed lines."""

from __future__ import annotations

import pytest

from rtcd.diff.edits import TextEdit
from rtcd.diff.words import token_edits


def test_lines_that_share_a_word_keep_their_blanks() -> None:
    assert list(token_edits("a = old + 1\n", "a = completely + 1\n")) == [
        TextEdit(4, 7, "completely")
    ]


def test_lines_that_share_only_blanks_and_signs_are_replaced_with_their_line_end() -> None:
    assert list(token_edits("one(1)\n", "two(2)\n")) == [TextEdit(0, 7, "two(2)\n")]


def test_a_line_of_one_similar_word_is_still_the_same_line() -> None:
    assert list(token_edits("value\n", "values\n")) == [TextEdit(5, 5, "s")]


def test_words_matched_across_lines_make_a_reformatting_small() -> None:
    edits = list(token_edits("call(first, second)\n", "call(\n    first,\n    second,\n)\n"))
    assert [edit.text for edit in edits] == ["\n    ", "\n    ", ",\n"]


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("A B D E", "A X B E", [TextEdit(2, 2, "X "), TextEdit(4, 6, "")]),
        ("f(a, b, c)", "f(x, a, c)", [TextEdit(2, 2, "x, "), TextEdit(5, 8, "")]),
    ],
)
def test_words_that_stay_count_more_than_the_blanks_between_them(
    old: str, new: str, edits: list[TextEdit]
) -> None:
    """Otherwise two words would be changed in place, and no blank put in."""
    assert list(token_edits(old, new)) == edits
