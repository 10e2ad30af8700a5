"""Making the edits."""

from __future__ import annotations

from rtcd.diff.edits import TextEdit, apply_edits


def test_offsets_are_those_of_the_old_text() -> None:
    edits = [TextEdit(0, 1, "AA"), TextEdit(2, 2, "-"), TextEdit(4, 6, "")]
    assert apply_edits("a😀cdef", edits) == "AA😀-cd"


def test_no_edits_change_nothing() -> None:
    assert apply_edits("abc", []) == "abc"
