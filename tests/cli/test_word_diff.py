"""Both texts can be read out of a word diff, and what is marked is what changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtcd_cli.word_diff import Change, DiffLine, Piece, Skipped, diff_words, fold

TEXTS = st.text(alphabet="ab \n.é", max_size=60)


def read(lines: list[DiffLine], left_out: Change) -> str:
    """The words of one side, line ends aside: they belong to the lines."""
    return "".join(
        piece.text for line in lines for piece in line.pieces if piece.change != left_out
    ).replace("\n", "")


@given(TEXTS, TEXTS)
def test_both_texts_are_in_it(old: str, new: str) -> None:
    lines = diff_words(old, new)
    assert read(lines, "new") == old.replace("\n", "")
    assert read(lines, "gone") == new.replace("\n", "")


@given(TEXTS)
def test_equal_texts_have_no_change(text: str) -> None:
    assert not any(line.is_changed for line in diff_words(text, text))


@given(TEXTS, TEXTS)
def test_different_texts_have_a_change(old: str, new: str) -> None:
    assert any(line.is_changed for line in diff_words(old, new)) == (old != new)


def test_one_changed_word_is_marked_alone() -> None:
    assert diff_words("x = mean(a, 1)\n", "x = mean(a, 22)\n") == [
        DiffLine(
            (
                Piece("same", "x = mean(a, "),
                Piece("gone", "1"),
                Piece("new", "22"),
                Piece("same", ")"),
            )
        )
    ]


def test_long_unchanged_stretches_are_folded() -> None:
    lines = diff_words("".join(f"{n}\n" for n in range(20)), "".join(f"{n}\n" for n in range(19)))
    folded = fold(lines, context=1)
    assert folded == [
        Skipped(18),
        DiffLine((Piece("same", "18"),)),
        DiffLine((Piece("gone", "19"),)),
    ]
