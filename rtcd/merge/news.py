"""What a save shows of the news that a newer version brought: was that version read? Pure.

Counting tokens alone is misled where the save and the news changed the same place, each in its own
way: the save lacks what the news put there, and what was there before too, so either version
explains it equally well. What tells them apart is only text that nobody but the news has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import LCSseq

from rtcd.diff.sequences import Gap, matches, seq_diff

TELLING_SHARE: Final = 0.5
"""So much of the new words of a change has to be in the save to prove that it was read."""

PLAIN_SHARE: Final = 0.8
"""The same where all words of the change occur elsewhere: they are easily typed twice."""


@dataclass(frozen=True, slots=True)
class News:
    """The changes between two versions by what the save has of them, counted in tokens.

    Attributes:
        kept: inserted by changes that the save has.
        missing: inserted by changes that the save has not, while it has what was there before.
        replaced: inserted by changes in whose place the save has something else, perhaps similar.
    """

    kept: int = 0
    missing: int = 0
    replaced: int = 0


def news_in(save: str, older: str, newer: str) -> News:
    """Look for the changes between two versions in a save; all are rows of tokens.

    Changes that only delete are not counted: who knows them and who deletes the same looks alike,
    and nothing is lost by either.
    """
    counts: Counter[str] = Counter()
    mine = seq_diff(older, save)
    stays = {place for place, _ in matches(seq_diff(newer, save), len(newer))}
    known = frozenset(older)
    for change in seq_diff(older, newer):
        inserted = newer[change.new_start : change.new_end]
        if not inserted:
            continue
        here = _place_in_save(change, mine)
        before = older[change.old_start : change.old_end]
        state = "missing" if here is None else _state(before, inserted, save[slice(*here)], known)
        there = sum(place in stays for place in range(change.new_start, change.new_end))
        if state == "missing" and there >= PLAIN_SHARE * len(inserted):
            # The same text can be told to stand at several places; here it is, seen from the news.
            state = "kept"
        counts[state] += len(inserted)
    return News(**counts)


def _place_in_save(change: Gap, mine: Sequence[Gap]) -> tuple[int, int] | None:
    """Where the save changed the same place, as a span of its tokens; None where it did not."""
    touching = [
        gap for gap in mine if gap.old_start <= change.old_end and change.old_start <= gap.old_end
    ]
    if not touching:
        return None
    first, last = touching[0], touching[-1]
    start = first.new_start - max(0, first.old_start - change.old_start)
    return start, last.new_end + max(0, change.old_end - last.old_end)


def _state(before: str, inserted: str, here: str, known: frozenset[str]) -> str:
    telling = Counter(token for token in inserted if token not in known)
    is_alike = LCSseq.similarity(inserted, here) >= PLAIN_SHARE * len(inserted)
    if telling:
        is_kept = (telling & Counter(here)).total() >= TELLING_SHARE * telling.total()
    else:
        is_kept = is_alike
    if is_kept:
        return "kept"
    has_before = LCSseq.similarity(before, here) >= PLAIN_SHARE * len(before)
    return "missing" if has_before and not is_alike else "replaced"
