"""Where pure insertions and deletions are told to be."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rtcd.diff.edits import TextEdit, apply_edits
from rtcd.diff.slide import border, slide

TEXT = st.text(st.sampled_from("ab \n."), max_size=20)


@given(TEXT, st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3), TEXT), max_size=3))
def test_sliding_never_changes_the_result(old: str, steps: list[tuple[int, int, str]]) -> None:
    edits: list[TextEdit] = []
    floor = 0
    for gap, length, text in steps:
        start = floor + gap
        end = start + length
        if end <= len(old) and (length or text):
            edits.append(TextEdit(start, end, text))
            floor = end + 1
    slid = list(slide(old, edits))
    assert apply_edits(old, slid) == apply_edits(old, edits)
    assert all(a.end < b.start for a, b in pairwise(slid))


def test_a_deletion_slides_out_of_a_word() -> None:
    assert list(slide("b1 b11 b2", [TextEdit(4, 8, "")])) == [TextEdit(3, 7, "")]


def test_an_edit_never_slides_into_its_neighbours() -> None:
    before, behind = TextEdit(1, 3, "zz"), TextEdit(8, 9, "y")
    assert list(slide("Q\naaaa b\n", [before, TextEdit(4, 5, "")])) == [before, TextEdit(5, 6, "")]
    assert list(slide("b.......c", [TextEdit(5, 6, ""), behind])) == [TextEdit(6, 7, ""), behind]


def test_an_insertion_slides_to_the_line_start() -> None:
    assert list(slide("a\nb\n", [TextEdit(1, 1, "\nnew")])) == [TextEdit(2, 2, "new\n")]


def test_a_broken_word_is_not_made_up_for_by_a_text_end() -> None:
    assert list(slide("x\nb", [TextEdit(2, 2, "bob ")])) == [TextEdit(2, 2, "bob ")]
    assert list(slide("b\nx", [TextEdit(1, 1, " bob")])) == [TextEdit(1, 1, " bob")]


def test_a_long_run_of_one_character_does_not_cost_its_square() -> None:
    (edit,) = slide("a" * 1_000_000, [TextEdit(500_000, 900_000, "")])
    assert apply_edits("a" * 1_000_000, [edit]) == "a" * 600_000


def test_the_order_of_borders() -> None:
    pairs = [
        ("\n", "a"),
        ("\n", " "),
        ("a", ""),
        (" ", "a"),
        ("a", " "),
        ("a", "."),
        (" ", " "),
        ("a", "b"),
    ]
    worth = [border(left, right) for left, right in pairs]
    assert worth == sorted(worth, reverse=True)
