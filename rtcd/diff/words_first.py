"""Matching of tokens in which words count, and what stands between them comes second.

Counting all tokens alike, ``A B D E`` becomes ``A X B E`` as cheaply by changing both words in the
middle (the two blanks between them stay) as by putting one in and taking one out. The second is
what happened, and whoever types in ``B`` at that moment sees the difference.

A formatter changes something in every line, so this has to take microseconds a line: what is equal
is found by comparing whole lists, and only where two spans differ they are looked at one by one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, compress, count
from operator import ne
from typing import NamedTuple

from rtcd.diff.sequences import Gap, seq_diff

SPANS_REMEMBERED = 1024
"""A formatter makes the same few changes again and again."""

LONG_SPAN = 16
"""Tokens: longer ones hardly come again."""


class Tokens:
    """The tokens of a text.

    Attributes:
        tokens: words, blanks, line ends and signs.
        are_words: which of them are words: of letters, digits and underscores.
        words: the places of those.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.are_words = [token.isalnum() or "_" in token for token in tokens]
        self.words = list(compress(count(), self.are_words))

    def __len__(self) -> int:
        return len(self.tokens)

    def lines(self) -> list[int]:
        """The line of each token; a line end belongs to the line that it ends."""
        return list(accumulate(map("\n".__eq__, self.tokens), initial=0))


class Stretch(NamedTuple):
    """So many tokens from ``old`` on are those from ``new`` on."""

    old: int
    new: int
    length: int


def gaps_between(stays: Iterable[Stretch], old_end: int, new_end: int) -> Iterator[Gap]:
    """What lies between the tokens that stay, and behind them up to the ends of the texts."""
    old_at = new_at = 0
    for old, new, length in (*stays, Stretch(old_end, new_end, 0)):
        if old > old_at or new > new_at:
            yield Gap(old_at, old, new_at, new)
        old_at, new_at = old + length, new + length


def match_tokens(old: Tokens, new: Tokens, *, budget: int) -> list[Stretch]:
    """The tokens that stay, in order: words first, the others between them.

    Args:
        old: the text before.
        new: the text after.
        budget: see ``seq_diff``.
    """
    return _Matching(old, new, budget).stays


class _Matching:
    """Goes through both texts, from one pair of equal words to the next."""

    def __init__(self, old: Tokens, new: Tokens, budget: int) -> None:
        self.old, self.new, self.budget = old, new, budget
        self.stays: list[Stretch] = []
        self.old_at = self.new_at = 0
        old_words = [old.tokens[place] for place in old.words]
        new_words = [new.tokens[place] for place in new.words]
        old_word = new_word = 0
        for gap in seq_diff(old_words, new_words, budget=budget):
            self._words_in_a_row(old_word, gap.old_start, new_word - old_word)
            old_word, new_word = gap.old_end, gap.new_end
        self._words_in_a_row(old_word, len(old.words), new_word - old_word)
        self._between(len(old), len(new))

    def _words_in_a_row(self, word: int, end: int, shift: int) -> None:
        """These words are equal one by one; so is, mostly, what stands between them.

        Args:
            word: the number of the first in the old text.
            end: behind the last.
            shift: what to add to have their numbers in the new text.
        """
        old_words, new_words = self.old.words, self.new.words
        while word < end:
            old, new = old_words[word], new_words[word + shift]
            self._between(old, new)
            most = old_words[end - 1] + 1 - old
            # Looked up one by one: a copy of the row, each time, would cost its square.
            left = map(self.old.tokens.__getitem__, range(old, old + most))
            right = map(self.new.tokens.__getitem__, range(new, len(self.new)))
            same = next(compress(count(), map(ne, left, right)), most)
            # Up to the last word before the first difference, or to the end of the row.
            word = bisect_left(old_words, old + same, word + 1, end)
            length = old_words[word - 1] + 1 - old
            self.stays.append(Stretch(old, new, length))
            self.old_at, self.new_at = old + length, new + length

    def _between(self, old: int, new: int) -> None:
        """What is equal since the last word, up to here."""
        old_at, new_at = self.old_at, self.new_at
        if old_at == old or new_at == new:
            return
        left, right = tuple(self.old.tokens[old_at:old]), tuple(self.new.tokens[new_at:new])
        is_short = len(left) + len(right) <= LONG_SPAN
        found = (_short_stays if is_short else _stays)(left, right, self.budget)
        self.stays += [Stretch(old_at + a, new_at + b, length) for a, b, length in found]


def _stays(left: tuple[str, ...], right: tuple[str, ...], budget: int) -> tuple[Stretch, ...]:
    stays: list[Stretch] = []
    old_at = new_at = 0
    end = Gap(len(left), len(left), len(right), len(right))
    for gap in (*seq_diff(left, right, budget=budget), end):
        if gap.old_start > old_at:
            stays.append(Stretch(old_at, new_at, gap.old_start - old_at))
        old_at, new_at = gap.old_end, gap.new_end
    return tuple(stays)


_short_stays = lru_cache(maxsize=SPANS_REMEMBERED)(_stays)
