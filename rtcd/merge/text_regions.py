"""The regions of a long text in which edits lie, in whole lines, and whose edits they are. Pure.

Edits in two regions have nothing to do with each other: at least one line with a word lies between
them, and neither can be told to stand where the other is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from rtcd.diff.edits import TextEdit
from rtcd.merge.insertions import MAX_SLIDE, reach

FEW = 50
"""Edits: where both sides have more, it is not worth while to look for those that are near."""

LONG_CHAIN = 100


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
    """The regions of all edits, in order; together they hold every edit.

    An edit with none of the other side's anywhere near is a region as it is, without the lines
    around it: a formatter's save has hundreds of those.
    """
    both = [(edit, True) for edit in mine] + [(edit, False) for edit in other]
    both.sort(key=lambda item: item[0].start)
    nearby = _Nearby(base, [edit for edit, _ in both])
    if min(len(mine), len(other)) > FEW:
        nearby.note_all()
    for place, (_, is_mine) in enumerate(both):
        if is_mine == (len(mine) < len(other)):
            nearby.note(place)
    groups: list[tuple[int, int, list[TextEdit], list[TextEdit]]] = []
    for place, (edit, is_mine) in enumerate(both):
        start, end = nearby.surroundings.get(place, (edit.start, edit.end))
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


class _Nearby:
    """The surroundings of some edits, and of all others that may be in one region with them.

    Attributes:
        surroundings: start and end by the place of an edit in the list.
    """

    def __init__(self, base: str, edits: Sequence[TextEdit]) -> None:
        self._base = base
        self._edits = edits
        # Where the edits up to each one end at most.
        self._ends = list(accumulate((edit.end for edit in edits), max))
        self.surroundings: dict[int, tuple[int, int]] = {}

    def note_all(self) -> None:
        """All are near each other."""
        for place in range(len(self._edits)):
            self._of(place)

    def note(self, place: int) -> None:
        """This edit counts, and whatever is chained to it by what lies around both."""
        start, end = self._of(place)
        first = last = place
        while len(self.surroundings) < len(self._edits):
            # An insertion may be told to stand elsewhere, but no further away than that.
            reach_start = _start_behind_line(self._base, start) - MAX_SLIDE
            reach_end = _end_behind_line(self._base, end) + MAX_SLIDE
            while first and self._ends[first - 1] >= reach_start:
                first -= 1
            while last + 1 < len(self._edits) and self._edits[last + 1].start <= reach_end:
                last += 1
            if last - first > LONG_CHAIN:
                self.note_all()
                return
            spans = [self._of(near) for near in range(first, last + 1)]
            chained = [(s, e) for s, e in spans if s < end and start < e]
            grown = min(s for s, _ in chained), max(e for _, e in chained)
            if grown == (start, end):
                return
            start, end = grown

    def _of(self, place: int) -> tuple[int, int]:
        if place not in self.surroundings:
            self.surroundings[place] = _surroundings(self._base, self._edits[place])
        return self.surroundings[place]


def _surroundings(base: str, edit: TextEdit) -> tuple[int, int]:
    """The lines that an edit may be told to touch, and one line with a word on both sides."""
    low, high = reach(base, edit)
    return _start_behind_line(base, low), _end_behind_line(base, high)


def _start_behind_line(base: str, offset: int) -> int:
    """Where the next line with a word begins, going back from the line that holds the offset."""
    start = base.rfind("\n", 0, offset) + 1
    while start > 0:
        line_end = start
        start = base.rfind("\n", 0, start - 1) + 1
        if not base[start:line_end].isspace():
            break
    return start


def _end_behind_line(base: str, offset: int) -> int:
    """Where the next line with a word ends, going on from the line that holds the offset."""
    end = _line_end(base, offset)
    while end < len(base):
        line_start = end
        end = _line_end(base, end)
        if not base[line_start:end].isspace():
            break
    return end


def _line_end(text: str, offset: int) -> int:
    """Behind the line that holds the offset."""
    found = text.find("\n", offset)
    return found + 1 if found >= 0 else len(text)
