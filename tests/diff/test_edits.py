"""Making the edits."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from rtcd.diff.edits import TextEdit, apply_edits, fewer_edits
from rtcd.diff.text import diff_text


def test_offsets_are_those_of_the_old_text() -> None:
    edits = [TextEdit(0, 1, "AA"), TextEdit(2, 2, "-"), TextEdit(4, 6, "")]
    assert apply_edits("a😀cdef", edits) == "AA😀-cd"


def test_no_edits_change_nothing() -> None:
    assert apply_edits("abc", []) == "abc"


@pytest.mark.parametrize("most", [1, 2, 7, 20, 40, 60])
def test_fewer_edits_make_the_same_text(most: int) -> None:
    rng = random.Random(most)
    old = "".join(rng.choices("abc \n", k=600))
    places = sorted(rng.sample(range(0, 598, 2), 40))
    edits = [TextEdit(at, at + rng.randrange(2), rng.choice(["", "X", "YZ"])) for at in places]
    fewer = fewer_edits(old, edits, most)
    assert len(fewer) <= most
    assert apply_edits(old, fewer) == apply_edits(old, edits)
    assert all(before.end < after.start for before, after in pairwise(fewer))


def test_those_nearest_to_each_other_become_one() -> None:
    edits = [TextEdit(0, 1, "A"), TextEdit(5, 5, "-"), TextEdit(7, 8, "H"), TextEdit(20, 20, "!")]
    old = "abcdefghijklmnopqrstuvwxyz"
    assert fewer_edits(old, edits, 4) is edits
    assert fewer_edits(old, edits, 3) == [edits[0], TextEdit(5, 8, "-fgH"), edits[3]]


def test_a_difference_in_very_many_places_is_told_in_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rtcd.diff.text.MOST_EDITS", 50)
    old = "".join(f"line {n} of many\n" for n in range(200))
    new = old.replace(" of", " out of")
    edits = diff_text(old, new)
    assert len(edits) <= 50
    assert apply_edits(old, edits) == new
