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

LINE_START, INDENTED_LINE_START, TEXT_END, AFTER_BLANK, BEFORE_BLANK = 9, 8, 7, 5, 4
PUNCTUATION, BETWEEN_BLANKS, INSIDE_WORD = 2, 1, 0


def slide(old: str, edits: Sequence[TextEdit]) -> Iterator[TextEdit]:
    """The same edits, each pure insertion or deletion at the best border it can reach.

    Between two edits something stays, as before.
    """
    floor = 0
    for index, edit in enumerate(edits):
        ceiling = edits[index + 1].start - 1 if index + 1 < len(edits) else len(old)
        moved = edit
        if not edit.text or edit.start == edit.end:
            moved = _slide(old, edit, floor, ceiling)
        yield moved
        floor = moved.end + 1


def border(left: str, right: str) -> int:
    """How good a place between two characters is to cut at; empty strings are the text's ends.

    Line start, then behind a blank, then before one, then punctuation; inside a word is worst.
    Behind a blank is better than before it only so that it is always the same: two people's edits
    of neighbouring words then do not take the blank between them twice.
    """
    if left in ("", "\n"):
        return INDENTED_LINE_START if right in (" ", "\t", "\n") else LINE_START
    if right == "":
        return TEXT_END
    if left.isspace():
        return BETWEEN_BLANKS if right.isspace() else AFTER_BLANK
    if right.isspace():
        return BEFORE_BLANK
    return INSIDE_WORD if _in_word(left) and _in_word(right) else PUNCTUATION


def _slide(old: str, edit: TextEdit, floor: int, ceiling: int) -> TextEdit:
    """The edit moved inside ``old[floor:ceiling]``.

    The piece that was put in or taken out turns round by a character with every step, so moving
    is possible as long as the character that comes in on one side is that which goes out on the
    other.
    """
    piece = edit.text or old[edit.start : edit.end]
    length = len(piece)
    low = high = 0
    most_low = min(MAX_SLIDE, edit.start - floor)
    most_high = min(MAX_SLIDE, ceiling - edit.end)
    while low < most_low and old[edit.start - low - 1] == piece[(-low - 1) % length]:
        low += 1
    while high < most_high and old[edit.end + high] == piece[high % length]:
        high += 1

    def worth(step: int) -> tuple[int, int, int]:
        before, behind = edit.start + step, edit.end + step
        first, last = piece[step % length], piece[(step - 1) % length]
        opening = border(old[before - 1] if before else "", first)
        closing = border(last, old[behind] if behind < len(old) else "")
        # The worse border counts first: a good one does not make up for a broken word.
        return min(opening, closing), opening + closing, step

    best = max(range(-low, high + 1), key=worth) if low or high else 0
    turn = best % length
    text = edit.text and piece[turn:] + piece[:turn]
    return TextEdit(edit.start + best, edit.end + best, text)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
