"""The difference of two short texts word by word: what happens inside changed lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from rapidfuzz.distance import Postfix, Prefix

from rtcd.diff.edits import TextEdit
from rtcd.diff.sequences import Gap, matches
from rtcd.diff.words_first import gaps_between, match_tokens

TOKEN_BUDGET_BITS = 150_000_000
TOKEN = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")
WORD = re.compile(r"\w+")


def token_edits(old: str, new: str) -> Iterator[TextEdit]:
    """Edits at word borders; a similar word is edited inside (steps 4, 5 and 7 of merging 5.3)."""
    old_tokens, new_tokens = TOKEN.findall(old), TOKEN.findall(new)
    pairs = list(match_tokens(old_tokens, new_tokens, budget=TOKEN_BUDGET_BITS))
    gaps = tuple(gaps_between(pairs, len(old_tokens), len(new_tokens)))
    gaps = _without_strangers(gaps, old_tokens, new_tokens)
    old_at = list(accumulate(map(len, old_tokens), initial=0))
    new_at = list(accumulate(map(len, new_tokens), initial=0))
    for gap in gaps:
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


def _without_strangers(
    gaps: Sequence[Gap], old_tokens: Sequence[str], new_tokens: Sequence[str]
) -> tuple[Gap, ...]:
    """Un-match blanks and punctuation between lines that share no word.

    Otherwise a line that was replaced by another one would keep the old line's blanks and line
    end, and what two people put in its place would be woven into each other.
    """
    old_lines, new_lines = _line_numbers(old_tokens), _line_numbers(new_tokens)
    pairs = [
        (old, new, (old_lines[old], new_lines[new])) for old, new in matches(gaps, len(old_tokens))
    ]
    related = {lines for old, _, lines in pairs if WORD.match(old_tokens[old])}
    related.update(
        (old_lines[gap.old_start], new_lines[gap.new_start])
        for gap in gaps
        if _is_word_for_word(gap, old_tokens, new_tokens)
    )
    # A line of signs only, such as a bracket on its own, has no word to share.
    old_worded, new_worded = _worded(old_tokens, old_lines), _worded(new_tokens, new_lines)
    related.update(
        lines
        for old, _, lines in pairs
        if not old_tokens[old].isspace() and not (lines[0] in old_worded and lines[1] in new_worded)
    )
    kept = [(old, new) for old, new, lines in pairs if lines in related]
    if len(kept) == len(pairs):
        return tuple(gaps)
    return tuple(gaps_between(kept, len(old_tokens), len(new_tokens)))


def _worded(tokens: Sequence[str], lines: Sequence[int]) -> set[int]:
    """The lines that have a word."""
    return {line for token, line in zip(tokens, lines, strict=True) if WORD.match(token)}


def _is_word_for_word(gap: Gap, old_tokens: Sequence[str], new_tokens: Sequence[str]) -> bool:
    """One word became a similar one: its line is still the same line."""
    if gap.old_end - gap.old_start != 1 or gap.new_end - gap.new_start != 1:
        return False
    old, new = old_tokens[gap.old_start], new_tokens[gap.new_start]
    return bool(WORD.match(old) and WORD.match(new)) and _is_similar(old, new)


def _line_numbers(tokens: Sequence[str]) -> list[int]:
    """The line of every token; a line end belongs to the line that it ends."""
    return list(accumulate((token == "\n" for token in tokens), initial=0))[: len(tokens)]
