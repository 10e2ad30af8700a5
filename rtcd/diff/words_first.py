"""Matching of tokens in which words count, and what stands between them comes second.

Counting all tokens alike, ``A B D E`` becomes ``A X B E`` as cheaply by changing both words in the
middle (the two blanks between them stay) as by putting one in and taking one out. The second is
what happened, and whoever types in ``B`` at that moment sees the difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rtcd.diff.sequences import Gap, matches, seq_diff

WORD = re.compile(r"\w+")


def match_tokens(
    old: Sequence[str], new: Sequence[str], *, budget: int
) -> Iterator[tuple[int, int]]:
    """Pairs of places of equal tokens, in order: words first, the others between them.

    Args:
        old: words, blanks, line ends and signs.
        new: the same.
        budget: see ``seq_diff``.
    """
    old_words = [place for place, token in enumerate(old) if WORD.match(token)]
    new_words = [place for place, token in enumerate(new) if WORD.match(token)]
    gaps = seq_diff(
        [old[place] for place in old_words], [new[place] for place in new_words], budget=budget
    )
    old_at = new_at = 0
    ends = [(len(old), len(new))]
    pairs = ((old_words[a], new_words[b]) for a, b in matches(gaps, len(old_words)))
    for old_next, new_next in [*pairs, *ends]:
        if old_at < old_next and new_at < new_next:
            yield from _between(old, new, range(old_at, old_next), range(new_at, new_next), budget)
        if old_next < len(old):
            yield old_next, new_next
        old_at, new_at = old_next + 1, new_next + 1


def _between(
    old: Sequence[str], new: Sequence[str], old_span: range, new_span: range, budget: int
) -> Iterator[tuple[int, int]]:
    """The same between two matched words; neither span is empty."""
    left = old[old_span.start : old_span.stop]
    right = new[new_span.start : new_span.stop]
    if left == right:
        yield from zip(old_span, new_span, strict=True)
        return
    for a, b in matches(seq_diff(left, right, budget=budget), len(left)):
        yield old_span.start + a, new_span.start + b


def gaps_between(kept: Sequence[tuple[int, int]], old_end: int, new_end: int) -> Iterator[Gap]:
    """What lies between pairs of places that stay."""
    old_at = new_at = 0
    for old, new in [*kept, (old_end, new_end)]:
        if old > old_at or new > new_at:
            yield Gap(old_at, old, new_at, new)
        old_at, new_at = old + 1, new + 1
