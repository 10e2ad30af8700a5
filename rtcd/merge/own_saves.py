"""Saves of this disk that were made one from the other: is it one program or two? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtcd.diff.sequences import seq_diff
from rtcd.merge.candidates import Candidate

AT_ONCE_SECONDS: Final = 1.0
MANY_PLACES: Final = 3
MUCH_TEXT_TOKENS: Final = 30


def last_of_own_saves(candidates: Sequence[Candidate], index: int) -> int:
    """Follow the saves that were made from this version, one from the other.

    Not through a save that was swapped out at once: a program that reads the file again for
    its next save cannot have seen it, and does not take it back.
    """
    for place in range(index + 1, len(candidates)):
        candidate = candidates[place]
        if candidate.own_save and candidate.base == index and not candidate.displaced:
            index = place
    return index


def is_of_two_programs(
    before: str, taken_back: str, save: str, *, tokens: int, age: float | None
) -> bool:
    """Two programs on this disk, or one person who took something back?

    The contents are the same in both cases. One person mostly goes on where the last edit
    was, or takes back one small thing. When the save leaves all places of the step alone that
    it takes back, and that step was large, or in many places, or a moment ago, then there were
    two: an agent that rewrites files, and an editor.

    Args:
        before: the version both saves were made from, a row of lines.
        taken_back: the earlier save.
        save: the save in question.
        tokens: the size of the step from ``before`` to ``taken_back``.
        age: seconds since the earlier save, None where it is not known.
    """
    theirs, mine = seq_diff(before, taken_back), seq_diff(before, save)
    if not mine or not theirs:
        return False
    for their in theirs:
        for my in mine:
            if my.old_start <= their.old_end and their.old_start <= my.old_end:
                return False
    is_at_once = age is not None and age < AT_ONCE_SECONDS
    return len(theirs) >= MANY_PLACES or is_at_once or tokens >= MUCH_TEXT_TOKENS
