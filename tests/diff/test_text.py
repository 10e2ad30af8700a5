"""Text differences: right for every text, and at the borders of lines and words."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rtcd.diff.edits import TextEdit, apply_edits
from rtcd.diff.text import diff_text

ALPHABET = "ab1_ \n\t.,{};é😀́\u200d🏽\0\r\u2028\u0085"
TEXT = st.text(st.sampled_from(ALPHABET), max_size=60) | st.text(max_size=40)


@st.composite
def text_pairs(draw: st.DrawFn) -> tuple[str, str]:
    old = draw(TEXT)
    if draw(st.booleans()):
        return old, draw(TEXT)
    new = old
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(new)))
        new = (
            new[:at]
            + draw(st.text(st.sampled_from(ALPHABET), max_size=6))
            + new[at + draw(st.integers(0, 4)) :]
        )
    return old, new


@given(text_pairs(), st.sampled_from([2_000_000_000, 10]))
@settings(max_examples=600)
@example(("", "a"), 10)
@example(("a\r\nb\r\n", "a\nb\n"), 10)
@example(("\0", "\0\0"), 10)
def test_the_edits_make_the_new_text(pair: tuple[str, str], budget: int) -> None:
    old, new = pair
    edits = diff_text(old, new, budget=budget)
    assert apply_edits(old, edits) == new
    assert all(first.end < second.start for first, second in pairwise(edits))
    assert all(old[edit.start : edit.end] != edit.text for edit in edits)


@given(TEXT)
def test_equal_texts_have_no_difference(text: str) -> None:
    assert diff_text(text, text) == ()


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("b1 b11 b2\n", "b1 b2\n", [TextEdit(3, 7, "")]),
        ("b1 b2\n", "b1 b11 b2\n", [TextEdit(3, 3, "b11 ")]),
        ("one\ntwo\n", "one\nnew\ntwo\n", [TextEdit(4, 4, "new\n")]),
        ("one\ntwo\n", "two\n", [TextEdit(0, 4, "")]),
        ("x = hello\n", "x = hallo\n", [TextEdit(5, 6, "a")]),
        ("pri\n", "print\n", [TextEdit(3, 3, "nt")]),
        ("x = hello\n", "x = goodbye\n", [TextEdit(4, 9, "goodbye")]),
        ("alpha beta\n", "gamma delta\n", [TextEdit(0, 11, "gamma delta\n")]),
        ("a\nfoo bar\nz\n", "a\nother thing\nz\n", [TextEdit(2, 10, "other thing\n")]),
        ("f(a, b)\n", "f(a, c, b)\n", [TextEdit(5, 5, "c, ")]),
        ("f(a)\n", "f(\n    a\n)\n", [TextEdit(2, 2, "\n    "), TextEdit(3, 3, "\n")]),
        ("one\ntwo", "one\ntwo\nthree", [TextEdit(7, 7, "\nthree")]),
        ("one\ntwo", "one", [TextEdit(3, 7, "")]),
        ("one\ntwo", "one\nnew\ntwo", [TextEdit(3, 3, "\nnew")]),
    ],
    ids=[
        "delete-word", "insert-word", "insert-line", "delete-line", "similar-word", "typed-on",
        "other-word", "other-line", "other-line-inside", "argument", "reformat", "append-line",
        "delete-last-line", "insert-before-last-line",
    ],
)  # fmt: skip
def test_borders(old: str, new: str, edits: list[TextEdit]) -> None:
    assert list(diff_text(old, new)) == edits


def test_one_line_of_json_is_compared_in_pieces() -> None:
    old = "[" + ", ".join(f'{{"key": {n}}}' for n in range(2_000)) + "]\n"
    new = old.replace('"key": 77}', '"key": 78}').replace('"key": 1500}', '"other": 1500}')
    edits = diff_text(old, new)
    assert apply_edits(old, edits) == new
    assert sum(edit.end - edit.start + len(edit.text) for edit in edits) < 20


def size_of(old: str, new: str) -> int:
    """Code points that an edit takes out and puts in, for edits that are right."""
    edits = diff_text(old, new)
    assert apply_edits(old, edits) == new
    return sum(edit.end - edit.start + len(edit.text) for edit in edits)


@pytest.fixture(scope="module")
def megabyte() -> str:
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnop_", k=rng.randrange(1, 9))) for _ in range(3_000)]
    return "".join(" ".join(rng.choices(words, k=7)) + "\n" for _ in range(27_000))


def test_one_character_in_ten_megabytes_is_one_edit(megabyte: str) -> None:
    old = megabyte * 10
    assert size_of(old, old[:5_000_000] + "x" + old[5_000_000:]) == 1


def test_five_hundred_edits_in_a_megabyte(megabyte: str) -> None:
    rng = random.Random(2)
    lines = megabyte.splitlines(keepends=True)
    for at in rng.sample(range(len(lines)), 500):
        lines[at] = rng.choice(
            ["", "a new line\n", lines[at].replace(" ", "  ", 1), "x " + lines[at]]
        )
    assert size_of(megabyte, "".join(lines)) < 500 * 60


@pytest.mark.parametrize("copies", [1, 12], ids=["rare-lines", "common-lines"])
def test_two_far_edits_stay_two_small_edits(megabyte: str, copies: int) -> None:
    """Beyond the budget of one comparison: anchors keep it from becoming a replacement."""
    old = (megabyte[: 1_200_000 // copies] + "\n") * copies
    new = old[:1_000] + "X" + old[1_000:-1_000] + "Y" + old[-1_000:]
    edits = diff_text(old, new, budget=200_000_000)
    assert sum(edit.end - edit.start + len(edit.text) for edit in edits) <= 40


def test_a_long_line_of_json_is_edited_in_small_places() -> None:
    rng = random.Random(3)
    old = "[" + ", ".join(f'{{"key": {rng.random()}}}' for _ in range(50_000)) + "]"
    new = old
    for at in rng.sample(range(len(old)), 20):
        new = new[:at] + "7" + new[at:]
    assert size_of(old, new) == 20
