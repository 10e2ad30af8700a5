"""What stays of a text, in whole tokens: words count, and what stands between them comes second.

Counting all tokens alike, ``A B D E`` becomes ``A X B E`` as cheaply by changing both words in the
middle (the two blanks between them stay) as by putting one in and taking one out. The second is
what happened, and whoever types in ``B`` at that moment sees the difference.

A formatter changes something in every line, so this has to take microseconds a line: texts are
split at their words only, what stands between two words is compared as it is, and only where it
differs it is taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate, compress, count
from operator import ne
from typing import TypeAlias

from rtcd.diff.sequences import Gap, seq_diff

TOKEN = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")
"""A word, a line end, blanks or one sign."""

WORDS = re.compile(r"(\w+)")

SPANS_REMEMBERED = 1024
"""A formatter makes the same few changes again and again."""

LONG_SPAN = 64
"""Code points: longer ones hardly come again."""


Stretch: TypeAlias = tuple[int, int, int]
"""Where it begins in the old text, where in the new one, and its length in code points.

It begins and ends at the borders of tokens, and is the same in both. A plain tuple: a formatter's
save has thousands of them.
"""


def gaps_between(
    stays: Iterable[Stretch], old_end: int, new_end: int
) -> Iterator[tuple[int, int, int, int]]:
    """What lies between the stretches that stay, and behind them up to the ends of the texts.

    Start and end in the old text, then in the new one.
    """
    old_at = new_at = 0
    for old, new, length in (*stays, (old_end, new_end, 0)):
        if old > old_at or new > new_at:
            yield old_at, old, new_at, new
        old_at, new_at = old + length, new + length


def what_stays(old: str, new: str, *, budget: int) -> list[Stretch]:
    """The stretches that stay, in order: words first, the other tokens between them.

    Args:
        old: the text before.
        new: the text after.
        budget: see ``seq_diff``.
    """
    return _Matching(old, new, budget).stays


class _Matching:
    """Goes through both texts, from one row of equal words to the next.

    Split at its words, a text has them in the odd places, and what stands between them (it may be
    nothing) in the even ones.
    """

    def __init__(self, old: str, new: str, budget: int) -> None:
        self.old, self.new, self.budget = old, new, budget
        self.stays: list[Stretch] = []
        self.old_parts, self.new_parts = WORDS.split(old), WORDS.split(new)
        self.old_at = list(accumulate(map(len, self.old_parts), initial=0))
        self.new_at = list(accumulate(map(len, self.new_parts), initial=0))
        # Behind the last stretch.
        self.old_end = self.new_end = 0
        old_words, new_words = self.old_parts[1::2], self.new_parts[1::2]
        old_word = new_word = 0
        for gap in seq_diff(old_words, new_words, budget=budget):
            self._words_in_a_row(old_word, gap.old_start, new_word - old_word)
            old_word, new_word = gap.old_end, gap.new_end
        self._words_in_a_row(old_word, len(old_words), new_word - old_word)
        self._between(len(old), len(new))

    def _words_in_a_row(self, word: int, end: int, shift: int) -> None:
        """These words are equal one by one; so is, mostly, what stands between them.

        Args:
            word: the number of the first in the old text.
            end: behind the last.
            shift: what to add to have their numbers in the new text.
        """
        if word == end:
            return
        # What stands before a word has twice the word's number.
        old_inner = self.old_parts[2 * word + 2 : 2 * end : 2]
        new_inner = self.new_parts[2 * (word + shift) + 2 : 2 * (end + shift) : 2]
        broken_before = compress(count(word + 1), map(ne, old_inner, new_inner))
        first = word
        for last in (*broken_before, end):
            old, new = self.old_at[2 * first + 1], self.new_at[2 * (first + shift) + 1]
            self._between(old, new)
            length = self.old_at[2 * last] - old
            self.stays.append((old, new, length))
            self.old_end, self.new_end = old + length, new + length
            first = last

    def _between(self, old: int, new: int) -> None:
        """What is equal since the last stretch, up to here."""
        old_at, new_at = self.old_end, self.new_end
        if old_at == old or new_at == new:
            return
        left, right = self.old[old_at:old], self.new[new_at:new]
        is_short = len(left) + len(right) <= LONG_SPAN
        found = (_short_stays if is_short else _token_stays)(left, right, self.budget)
        self.stays += [(old_at + a, new_at + b, length) for a, b, length in found]


def _token_stays(left: str, right: str, budget: int) -> tuple[Stretch, ...]:
    """The same where all tokens count alike."""
    old, new = TOKEN.findall(left), TOKEN.findall(right)
    old_at = list(accumulate(map(len, old), initial=0))
    new_at = list(accumulate(map(len, new), initial=0))
    stays: list[Stretch] = []
    old_end = new_end = 0
    for gap in (*seq_diff(old, new, budget=budget), Gap(len(old), len(old), len(new), len(new))):
        if gap.old_start > old_end:
            start = old_at[old_end]
            stays.append((start, new_at[new_end], old_at[gap.old_start] - start))
        old_end, new_end = gap.old_end, gap.new_end
    return tuple(stays)


_short_stays = lru_cache(maxsize=SPANS_REMEMBERED)(_token_stays)
