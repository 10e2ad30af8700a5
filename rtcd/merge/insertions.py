"""Insertions of two sides at one place: what both have is found, wherever it is told to stand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtcd.diff.edits import TextEdit, apply_edits
from rtcd.merge.shared_insertions import WORD, common_insertion, words_of

MAX_SLIDE = 2_000
"""Code points: an insertion is not followed further."""


@dataclass(frozen=True, slots=True)
class _Insertion:
    """Inserted text that may be told to stand anywhere from ``low`` to ``high``.

    ``gone``: how much of the base, from ``at`` on, it stands for.
    """

    at: int
    low: int
    high: int
    text: str
    turns: bool
    gone: int = 0

    def told_at(self, where: int) -> str:
        """The text when it is told to be inserted there."""
        if not self.turns:
            return self.text
        turn = (where - self.at) % len(self.text)
        return self.text[turn:] + self.text[:turn]

    def without(self, common: str, where: int, end: int) -> _Insertion:
        """What is left behind the text that was found to be shared, which stands up to ``end``."""
        text = self.told_at(where)
        last = common.split("\n")[-1] or common.split("\n")[-2]
        rest = text[text.rfind(last.strip()) + len(last.strip()) :]
        gone = max(self.at + self.gone - end, 0)
        return _Insertion(end, end, max(self.high, end), rest, turns=False, gone=gone)


def shared_insertions(
    base: str, mine: Sequence[TextEdit], other: Sequence[TextEdit], whole: str
) -> list[TextEdit]:
    """What both inserted at one place, as insertions into the base.

    Args:
        base: the text that both have edited, or a part of it in whole lines.
        mine: the edits of one side.
        other: those of the other side.
        whole: the whole text, whose words are no news.
    """
    my_queue, their_queue = _insertions(base, mine), _insertions(base, other)
    found: list[TextEdit] = []
    known: frozenset[str] | None = None
    while my_queue and their_queue:
        my, their = my_queue[-1], their_queue[-1]
        behind = my_queue if my.high <= their.high else their_queue
        if my.low <= their.high and their.low <= my.high:
            known = words_of(whole) if known is None else known
            where = _common_place(base, my, their)
            text = _common_text(base, my, their, where, known)
            if text:
                start, end = _both_gone(my, their) or (where, where)
                found.append(TextEdit(start, end, text))
                my_queue[-1] = my.without(text, where, end)
                their_queue[-1] = their.without(text, where, end)
        behind.pop()
    return _joined(found)


def _both_gone(my: _Insertion, their: _Insertion) -> tuple[int, int] | None:
    """The part of the base that both sides have replaced; None when there is none.

    Left in the base it would stand beside the text that replaced it, and look like one word.
    """
    start, end = max(my.at, their.at), min(my.at + my.gone, their.at + their.gone)
    return (start, end) if start < end else None


def _common_place(base: str, my: _Insertion, their: _Insertion) -> int:
    # The places the differ chose lie at line borders; others may lie inside a line, or a word.
    low, high = max(my.low, their.low), min(my.high, their.high)
    chosen = next((place for place in (my.at, their.at) if low <= place <= high), None)
    if chosen is not None:
        return chosen
    return next((place for place in (low, high) if not _is_in_word(base, place)), low)


def _is_in_word(text: str, place: int) -> bool:
    around = text[max(place - 1, 0) : place + 1]
    return len(around) > 1 and WORD.fullmatch(around) is not None


def _common_text(
    base: str, my: _Insertion, their: _Insertion, where: int, known: frozenset[str]
) -> str:
    return common_insertion(
        my.told_at(where),
        their.told_at(where),
        known,
        left=base[max(where - 1, 0) : where],
        right=base[where : where + 1],
    )


def _insertions(base: str, edits: Sequence[TextEdit]) -> list[_Insertion]:
    """The insertions among the edits, the first one last.

    Edits with nothing but blanks between them are one change told in pieces, and what they insert
    may be told to stand anywhere in it.
    """
    changes: list[list[TextEdit]] = []
    for edit in edits:
        if changes and base[changes[-1][-1].end : edit.start].isspace():
            changes[-1].append(edit)
        else:
            changes.append([edit])
    found: list[_Insertion] = []
    for change in reversed(changes):
        first, last = change[0], change[-1]
        if not any(edit.text for edit in change):
            continue
        if first is last:
            low, high = reach(base, first)
            turns = first.start == first.end
            gone = first.end - first.start
            found.append(_Insertion(first.start, low, high, first.text, turns=turns, gone=gone))
            continue
        moved = [TextEdit(e.start - first.start, e.end - first.start, e.text) for e in change]
        text = apply_edits(base[first.start : last.end], moved)
        gone = last.end - first.start
        found.append(_Insertion(first.start, first.start, last.end, text, turns=False, gone=gone))
    return found


def reach(base: str, edit: TextEdit) -> tuple[int, int]:
    """Offsets at which the edit's text may be said to stand: the same text can be told twice."""
    start, end, text = edit.start, edit.end, edit.text
    if start != end or not text:
        return start, end
    length = len(text)
    low = high = 0
    while low < MAX_SLIDE and start > low and base[start - low - 1] == text[-1 - low % length]:
        low += 1
    while high < MAX_SLIDE and end + high < len(base) and base[end + high] == text[high % length]:
        high += 1
    return start - low, end + high


def _joined(found: Sequence[TextEdit]) -> list[TextEdit]:
    joined: list[TextEdit] = []
    for edit in found:
        if joined and joined[-1].end == edit.start:
            last = joined.pop()
            edit = TextEdit(last.start, edit.end, last.text + edit.text)
        joined.append(edit)
    return joined
