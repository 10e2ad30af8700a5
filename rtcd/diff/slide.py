"""Slide pure insertions and deletions to the best border; the resulting text is the same.

``ab ab`` from ``ab`` can be told as inserting ``ab `` in front or `` ab`` behind, or ``b a`` in
the middle. For the text alone it makes no difference; for whoever types there at the same time it
does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtcd.diff.edits import TextEdit

MAX_SLIDE = 2_000
"""Code points in either direction: keeps long runs of one character from costing their square."""


def slide(old: str, edits: Sequence[TextEdit]) -> Iterator[TextEdit]:
    """The same edits, each pure insertion or deletion at the best border it can reach."""
    floor = 0
    for index, edit in enumerate(edits):
        ceiling = edits[index + 1].start if index + 1 < len(edits) else len(old) + 1
        moved = edit
        if not edit.text:
            moved = _slide_deletion(old, edit, floor, ceiling)
        elif edit.start == edit.end:
            moved = _slide_insertion(old, edit, floor, ceiling)
        yield moved
        floor = moved.end + 1


def _slide_deletion(old: str, edit: TextEdit, floor: int, ceiling: int) -> TextEdit:
    start, end = edit.start, edit.end
    low = high = 0
    while low < MAX_SLIDE and start - low > floor and old[start - low - 1] == old[end - low - 1]:
        low += 1
    while high < MAX_SLIDE and end + high + 1 < ceiling and old[start + high] == old[end + high]:
        high += 1
    if not low and not high:
        return edit
    best = max(
        range(-low, high + 1),
        key=lambda step: (
            border(old[start + step - 1 : start + step], old[start + step : start + step + 1])
            + border(old[end + step - 1 : end + step], old[end + step : end + step + 1]),
            step,
        ),
    )
    return TextEdit(start + best, end + best, "")


def _slide_insertion(old: str, edit: TextEdit, floor: int, ceiling: int) -> TextEdit:
    text, at = edit.text, edit.start
    length = len(text)
    low = high = 0
    # Sliding by a step turns the inserted text round by a step.
    while low < MAX_SLIDE and at - low > floor and old[at - low - 1] == _turned(text, -low, -1):
        low += 1
    while high < MAX_SLIDE and at + high + 1 < ceiling and old[at + high] == _turned(text, high, 0):
        high += 1
    if not low and not high:
        return edit

    def worth(step: int) -> tuple[int, int]:
        left, right = old[at + step - 1 : at + step], old[at + step : at + step + 1]
        return border(left, _turned(text, step, 0)) + border(_turned(text, step, -1), right), step

    best = max(range(-low, high + 1), key=worth)
    turn = best % length
    return TextEdit(at + best, at + best, text[turn:] + text[:turn])


def _turned(text: str, step: int, index: int) -> str:
    """One character of the text after turning it round by ``step``."""
    return text[(step + index) % len(text)]


def border(left: str, right: str) -> int:
    """How good a place between two characters is to cut at; empty strings are the text's ends.

    Line start, then blank before something, then something before a blank, then punctuation;
    inside a word is worst. Cutting behind blanks rather than before them is a rule only so that
    it is always the same: two people's edits in one gap then do not join words.
    """
    if left in ("", "\n"):
        return 9 if right not in (" ", "\t", "\n") else 8
    if right == "":
        return 7
    if left.isspace():
        return 5 if not right.isspace() else 1
    if right.isspace():
        return 4
    if _in_word(left) and _in_word(right):
        return 0
    return 2


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
