"""How far two texts begin and end alike."""

from __future__ import annotations

from random import Random

import pytest

from rtcd.diff import common_ends
from rtcd.diff.common_ends import CHUNK, common_prefix, common_suffix

SMALL = 8


def alike(one: str, other: str) -> int:
    """Character by character."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


LENGTHS = [0, 1, 2, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL - 1, 3 * SMALL, 3 * SMALL + 5]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("sign", ["x", "é", "😀", ""])
def test_the_ends_are_those_that_are_equal_character_by_character(
    length: int, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common_ends, "CHUNK", SMALL)
    text = "ab\n" * (length // 3) + "c" * (length % 3)
    rng = Random(length)
    for place in {0, length // 2, length, max(0, length - SMALL), rng.randint(0, length)}:
        for other in (text[:place] + sign + text[place:], text[:place] + sign + text[place + 1 :]):
            assert common_prefix(text, other) == alike(text, other)
            assert common_suffix(text, other) == alike(text[::-1], other[::-1])


def test_one_text_may_be_the_end_of_the_other() -> None:
    text = "line\n" * CHUNK
    assert common_prefix(text, text) == common_suffix(text, text) == len(text)
    assert common_suffix("z" + text, text) == common_prefix(text + "z", text) == len(text)
    assert common_prefix("", text) == common_suffix(text, "") == 0
