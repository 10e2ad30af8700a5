"""The difference of two short texts word by word: what happens inside changed lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, compress

from rapidfuzz.distance import Postfix, Prefix

from rtcd.diff.edits import TextEdit
from rtcd.diff.sequences import Gap
from rtcd.diff.words_first import Stretch, Tokens, gaps_between, match_tokens

TOKEN_BUDGET_BITS = 150_000_000
TOKEN = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")
WORD = re.compile(r"\w+")


def token_edits(old: str, new: str) -> Iterator[TextEdit]:
    """Edits at word borders; a similar word is edited inside (steps 4, 5 and 7 of merging 5.3)."""
    before, after = Tokens(TOKEN.findall(old)), Tokens(TOKEN.findall(new))
    stays = match_tokens(before, after, budget=TOKEN_BUDGET_BITS)
    stays = _without_strangers(stays, before, after)
    old_at = list(accumulate(map(len, before.tokens), initial=0))
    new_at = list(accumulate(map(len, after.tokens), initial=0))
    for gap in gaps_between(stays, len(before), len(after)):
        start, end = old_at[gap.old_start], old_at[gap.old_end]
        text = new[new_at[gap.new_start] : new_at[gap.new_end]]
        yield _narrowed(old[start:end], TextEdit(start, end, text))


def _narrowed(old: str, edit: TextEdit) -> TextEdit:
    """Only the changed characters, where one word became a similar one."""
    if not (WORD.fullmatch(old) and WORD.fullmatch(edit.text)):
        return edit
    head, tail = _common_ends(old, edit.text)
    if not _is_similar(old, edit.text):
        return edit
    return TextEdit(edit.start + head, edit.end - tail, edit.text[head : len(edit.text) - tail])


def _common_ends(old: str, new: str) -> tuple[int, int]:
    head = Prefix.similarity(old, new)
    return head, min(Postfix.similarity(old, new), min(len(old), len(new)) - head)


def _is_similar(old: str, new: str) -> bool:
    """Half of the longer word is the same at its two ends."""
    return 2 * sum(_common_ends(old, new)) >= max(len(old), len(new))


def _without_strangers(stays: list[Stretch], old: Tokens, new: Tokens) -> list[Stretch]:
    """Un-match blanks and punctuation between lines that share no word.

    Otherwise a line that was replaced by another one would keep the old line's blanks and line
    end, and what two people put in its place would be woven into each other.
    """
    old_lines, new_lines = old.lines(), new.lines()
    parts = _by_line(stays, old.tokens, old_lines)
    lines = [(old_lines[part.old], new_lines[part.new]) for part in parts]
    related = {
        both
        for both, (place, _, length) in zip(lines, parts, strict=True)
        if True in old.are_words[place : place + length]
    }
    if related.issuperset(lines):
        return stays
    related.update(
        (old_lines[gap.old_start], new_lines[gap.new_start])
        for gap in gaps_between(stays, len(old), len(new))
        if _is_word_for_word(gap, old, new)
    )
    # A line of signs only, such as a bracket on its own, has no word to share.
    old_worded = set(compress(old_lines, old.are_words))
    new_worded = set(compress(new_lines, new.are_words))
    related.update(
        both
        for both, (place, _, length) in zip(lines, parts, strict=True)
        if not (both[0] in old_worded and both[1] in new_worded)
        and not "".join(old.tokens[place : place + length]).isspace()
    )
    return [part for part, both in zip(parts, lines, strict=True) if both in related]


def _by_line(
    stays: Sequence[Stretch], tokens: Sequence[str], lines: Sequence[int]
) -> list[Stretch]:
    """The stretches cut behind each line end."""
    parts: list[Stretch] = []
    for stretch in stays:
        old, new, length = stretch
        line_ends = lines[old + length - 1] - lines[old]
        for _ in range(line_ends):
            part = tokens.index("\n", old) + 1 - old
            parts.append(Stretch(old, new, part))
            old, new, length = old + part, new + part, length - part
        parts.append(Stretch(old, new, length) if line_ends else stretch)
    return parts


def _is_word_for_word(gap: Gap, old: Tokens, new: Tokens) -> bool:
    """One word became a similar one: its line is still the same line."""
    if gap.old_end - gap.old_start != 1 or gap.new_end - gap.new_start != 1:
        return False
    a, b = gap.old_start, gap.new_start
    is_word = old.are_words[a] and new.are_words[b]
    return is_word and _is_similar(old.tokens[a], new.tokens[b])
