"""The regions of a long text in which edits lie, in whole lines, and whose edits they are. Pure.

Edits in two regions have nothing to do with each other: at least one line with a word lies between
them, and neither can be told to stand where the other is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtcd.diff.edits import TextEdit
from rtcd.merge.insertions import reach


@dataclass(frozen=True, slots=True)
class Region:
    """``base[start:end]``, and the edits of both sides there."""

    start: int
    end: int
    mine: list[TextEdit]
    other: list[TextEdit]

    def text(self, base: str) -> str:
        """What the base has there."""
        return base[self.start : self.end]


def regions_of(base: str, mine: Sequence[TextEdit], other: Sequence[TextEdit]) -> list[Region]:
    """The regions of all edits, in order; together they hold every edit."""
    both = [(edit, True) for edit in mine] + [(edit, False) for edit in other]
    both.sort(key=lambda item: item[0].start)
    groups: list[tuple[int, int, list[TextEdit], list[TextEdit]]] = []
    for edit, is_mine in both:
        start, end = _surroundings(base, edit)
        my_edits: list[TextEdit] = []
        other_edits: list[TextEdit] = []
        while groups and start < groups[-1][1]:
            first, last, my_earlier, other_earlier = groups.pop()
            start, end = min(start, first), max(end, last)
            # In place: hundreds of edits of neighbouring lines are one region.
            my_earlier += my_edits
            other_earlier += other_edits
            my_edits, other_edits = my_earlier, other_earlier
        (my_edits if is_mine else other_edits).append(edit)
        groups.append((start, end, my_edits, other_edits))
    return [Region(*group) for group in groups]


def _surroundings(base: str, edit: TextEdit) -> tuple[int, int]:
    """The lines that an edit may be told to touch, and one line with a word on both sides."""
    low, high = reach(base, edit)
    start = base.rfind("\n", 0, low) + 1
    while start > 0:
        line_end = start
        start = base.rfind("\n", 0, start - 1) + 1
        if not base[start:line_end].isspace():
            break
    end = _line_end(base, high)
    while end < len(base):
        line_start = end
        end = _line_end(base, end)
        if not base[line_start:end].isspace():
            break
    return start, end


def _line_end(text: str, offset: int) -> int:
    """Behind the line that holds the offset."""
    found = text.find("\n", offset)
    return found + 1 if found >= 0 else len(text)
