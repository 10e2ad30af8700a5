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
        restored: deleted by changes, and in the save.
    """

    kept: int = 0
    missing: int = 0
    replaced: int = 0
    restored: int = 0


def news_in(save: str, older: str, newer: str) -> News:
    """Look for the changes between two versions in a save; all are rows of tokens.

    That a save lacks what a change deleted says nothing: who knows the deletion and who deletes
    the same looks alike, and nothing is lost by either.
    """
    counts: Counter[str] = Counter()
    since_older, since_newer = seq_diff(older, save), seq_diff(newer, save)
    stays = {place for place, _ in matches(since_newer, len(newer))}
    known = frozenset(older)
    for change in seq_diff(older, newer):
        before = older[change.old_start : change.old_end]
        inserted = newer[change.new_start : change.new_end]
        if not inserted:
            back = _text_at(save, since_newer, change.new_start, change.new_end)
            counts["restored"] += len(before) if _is_most_of(before, back) else 0
            continue
        here = _text_at(save, since_older, change.old_start, change.old_end)
        state = "missing" if here is None else _state(before, inserted, here, known)
        if state != "kept":
            # The same text can be told to stand at several places: so seen from the news, too.
            span = range(change.new_start, change.new_end)
            there = "".join(newer[place] for place in span if place in stays)
            state = "kept" if _state(before, inserted, there, known) == "kept" else state
        counts[state] += len(inserted)
    return News(**counts)


def _text_at(save: str, gaps: Sequence[Gap], start: int, end: int) -> str | None:
    """What the save has at a span of the version it is compared with; None where it is the same.

    Args:
        save: the tokens.
        gaps: from that version to the save.
        start: where the span begins in that version.
        end: where it ends.
    """
    touching = [gap for gap in gaps if gap.old_start <= end and start <= gap.old_end]
    if not touching:
        return None
    first, last = touching[0], touching[-1]
    new_start = first.new_start - max(0, first.old_start - start)
    return save[new_start : last.new_end + max(0, end - last.old_end)]


def _is_most_of(part: str, text: str | None) -> bool:
    return text is not None and LCSseq.similarity(part, text) >= PLAIN_SHARE * len(part)


def _state(before: str, inserted: str, here: str, known: frozenset[str]) -> str:
    """Whether what is here is the change, or what was before, or something else."""
    telling = Counter(token for token in inserted if token not in known)
    is_alike = _is_most_of(inserted, here)
    if telling:
        is_kept = (telling & Counter(here)).total() >= TELLING_SHARE * telling.total()
    else:
        is_kept = is_alike
    if is_kept:
        return "kept"
    return "missing" if _is_most_of(before, here) and not is_alike else "replaced"
