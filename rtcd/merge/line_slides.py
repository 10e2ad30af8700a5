r"""New lines at the edge of what the other side deletes. Pure.

A line that is put between two others can be written down in two ways: ``X\n`` in front of the lower
one, or ``\nX`` behind the upper one. With only one of them deleted on the other side, the new line
must hang on the one that stays, else it is glued to it: its own line end belonged to the deletion.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from rtcd.diff.edits import TextEdit

WORD = re.compile(r"\w+")

MAX_LINE = 2_000
"""Longer lines (code points) are nobody's code, and looking at all their places takes long."""


def slid_lines(
    base: str, edits: Sequence[TextEdit], others: Sequence[TextEdit]
) -> tuple[TextEdit, ...]:
    """These edits, with new lines hung on what the other side's deletions leave.

    All offsets are code points of ``base``; what the edits make of it stays the same.
    """
    ends = {other.end for other in others if other.end > other.start}
    starts = {other.start for other in others if other.end > other.start}
    return tuple(_slid(base, edit, starts, ends) for edit in edits)


def _slid(base: str, edit: TextEdit, starts: set[int], ends: set[int]) -> TextEdit:
    if edit.start != edit.end or not edit.text.strip("\n"):
        return edit
    at = edit.start
    if edit.text.startswith("\n") and base[at : at + 1] == "\n" and at + 1 in ends:
        return replace(edit, start=at + 1, end=at + 1, text=edit.text[1:] + "\n")
    if edit.text.endswith("\n") and at and base[at - 1] == "\n" and at - 1 in starts:
        return replace(edit, start=at - 1, end=at - 1, text="\n" + edit.text[:-1])
    return edit


def unglued(merged: str, *sides: str) -> str:
    r"""``merged`` without lines that are two whole lines of the sides, with nothing between.

    That happens in the midst of what one side wrote anew, or where a side's new line ends with what
    was the end of a deleted one; an empty line that was left over above has the line end that is
    missing.
    """
    known = [_Side(side) for side in sides]
    lines = merged.split("\n")
    made: list[str] = []
    for line in lines:
        pieces = None if any(line in of for of in known) else _two_lines(line, known, merged)
        if pieces is None:
            made.append(line)
            continue
        if made and not made[-1]:
            made.pop()
        made += pieces
    return "\n".join(made)


class _Side:
    """The lines of one side, and which line stands above which."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        self.lines = frozenset(lines)
        self._above = dict(zip(lines[1:], lines, strict=False))

    def __contains__(self, line: str) -> bool:
        return line in self.lines

    def above(self, line: str) -> frozenset[str]:
        """The line above this one; nothing above the first."""
        found = self._above.get(line)
        return frozenset() if found is None else frozenset((found,))


def _two_lines(line: str, known: Sequence[_Side], merged: str) -> tuple[str, str] | None:
    begun = None
    for at in range(1, len(line) if len(line) <= MAX_LINE else 0):
        one, other = line[:at], line[at:]
        if not one.strip() or not other.strip():
            continue
        for there in known:
            if other not in there:
                continue
            others = [side.lines for side in known if side is not there]
            if any(one in lines for lines in others):
                return one, other
            if begun is None and WORD.fullmatch(one[-1] + other[0]):
                others.append(there.above(other))
                whole = next((found for lines in others if (found := _begun(one, lines))), None)
                if whole and not _has_word_of(whole[at:], merged):
                    begun = (whole, other)
    return begun


def _begun(part: str, lines: Collection[str]) -> str | None:
    """The only line that begins with these words."""
    found = [
        line
        for line in lines
        if len(line) > len(part)
        and line.startswith(part)
        and not WORD.fullmatch(part[-1] + line[len(part)])
    ]
    return found[0] if len(found) == 1 else None


def _has_word_of(end: str, merged: str) -> bool:
    """A word of the missing end went elsewhere."""
    return any(len(word) > 1 and word in merged for word in WORD.findall(end))
