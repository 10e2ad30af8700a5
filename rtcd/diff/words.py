"""The difference of two short texts word by word: what happens inside changed lines."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import Postfix, Prefix

from rtcd.diff.edits import TextEdit
from rtcd.diff.words_first import Stretch, gaps_between, what_stays

TOKEN_BUDGET_BITS = 150_000_000
WORD = re.compile(r"\w+")
LINE_END = re.compile(r"\n")


def token_edits(old: str, new: str, *, at: int = 0) -> Iterator[TextEdit]:
    """Edits at word borders; a similar word is edited inside (steps 4, 5 and 7 of merging 5.3).

    ``at`` is where ``old`` begins in the text that is edited.
    """
    stays = what_stays(old, new, budget=TOKEN_BUDGET_BITS)
    stays = _without_strangers(stays, old, new)
    for start, end, new_start, new_end in gaps_between(stays, len(old), len(new)):
        before, after = old[start:end], new[new_start:new_end]
        head, tail = _kept_ends(before, after)
        yield TextEdit(at + start + head, at + end - tail, after[head : len(after) - tail])


def _kept_ends(old: str, new: str) -> tuple[int, int]:
    """How much of both ends stays, where one word became a similar one; else nothing does."""
    if _is_word_for_word(old, new):
        return _common_ends(old, new)
    return 0, 0


def _common_ends(old: str, new: str) -> tuple[int, int]:
    head = Prefix.similarity(old, new)
    return head, min(Postfix.similarity(old, new), min(len(old), len(new)) - head)


def _is_similar(old: str, new: str) -> bool:
    """Half of the longer word is the same at its two ends."""
    return 2 * sum(_common_ends(old, new)) >= max(len(old), len(new))


def _without_strangers(stays: list[Stretch], old: str, new: str) -> list[Stretch]:
    """Un-match blanks and punctuation between lines that share no word.

    Otherwise a line that was replaced by another one would keep the old line's blanks and line
    end, and what two people put in its place would be woven into each other.
    """
    if _is_line(old) and _is_line(new) and any(_has_word(old, part) for part in stays):
        return stays
    lines, parts = _by_line(stays, old, new)
    has_word = WORD.search
    strangers = set(lines)
    strangers -= {
        both
        for both, (at, _, length) in zip(lines, parts, strict=True)
        if has_word(old, at, at + length)
    }
    if not strangers:
        return stays
    old_ends, new_ends = (_line_ends(text) for text in (old, new))
    strangers -= {
        (bisect_left(old_ends, start), bisect_left(new_ends, new_start))
        for start, end, new_start, new_end in gaps_between(stays, len(old), len(new))
        if _is_word_for_word(old[start:end], new[new_start:new_end])
    }
    # A line of signs only, such as a bracket on its own, has no word to share.
    of_signs = {
        (one, other)
        for one, other in strangers
        if not (WORD.search(_line(old, old_ends, one)) and WORD.search(_line(new, new_ends, other)))
    }
    strangers -= {
        both
        for both, (at, _, length) in zip(lines, parts, strict=True)
        if both in of_signs and not old[at : at + length].isspace()
    }
    return [part for both, part in zip(lines, parts, strict=True) if both not in strangers]


def _is_line(text: str) -> bool:
    return text.find("\n", 0, len(text) - 1) < 0


def _has_word(old: str, part: Stretch) -> bool:
    return WORD.search(old, part[0], part[0] + part[2]) is not None


def _line_ends(text: str) -> list[int]:
    return [found.start() for found in LINE_END.finditer(text)]


def _line(text: str, ends: list[int], number: int) -> str:
    start = ends[number - 1] + 1 if number else 0
    return text[start : ends[number]] if number < len(ends) else text[start:]


def _by_line(
    stays: Iterable[Stretch], old: str, new: str
) -> tuple[list[tuple[int, int]], list[Stretch]]:
    """The numbers of the lines in both texts of the stretches, cut behind each line end; and those."""
    lines: list[tuple[int, int]] = []
    parts: list[Stretch] = []
    old_line = new_line = old_seen = new_seen = 0
    count, count_new, find = old.count, new.count, old.find
    for at, there, length in stays:
        old_line += count("\n", old_seen, at)
        new_line += count_new("\n", new_seen, there)
        end = at + length
        while cut := find("\n", at, end - 1) + 1:
            lines.append((old_line, new_line))
            parts.append((at, there, cut - at))
            at, there = cut, there + cut - at
            old_line += 1
            new_line += 1
        lines.append((old_line, new_line))
        parts.append((at, there, end - at))
        old_seen, new_seen = at, there
    return lines, parts


def _is_word_for_word(old: str, new: str) -> bool:
    """One word became a similar one: its line is still the same line."""
    is_word = WORD.fullmatch(old) and WORD.fullmatch(new)
    return is_word is not None and _is_similar(old, new)
