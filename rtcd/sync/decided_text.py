"""A text after somebody decided which side of a conflict it shall have. Pure.

In the lines that the conflict is about the decision stands, whatever was typed there meanwhile:
merged with that it would be neither. Everything that was done to other lines since stays, and so do
lines that somebody has put in, as long as they are not part of what was written over those lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rtcd.diff.edits import TextEdit
from rtcd.diff.text import diff_text
from rtcd.merge.touched_lines import Lines

THEIRS, DECIDED, THEIRS_BEHIND = range(3)


def decided_text(wanted: str, live: str, recorded: Sequence[str]) -> str:
    """The live text with the wanted one in the lines of the conflict.

    Args:
        wanted: what was decided: one of the sides, or a text made by hand.
        live: the text now; it comes from one of those that are recorded.
        recorded: the texts of the conflict: the merge and both sides.
    """
    start = recorded[closest(live, recorded)]
    lines = Lines(start)
    decision = diff_text(start, wanted)
    disputed = [span for text in (wanted, *recorded) for span in _touched(lines, start, text)]
    edits = [(edit, DECIDED) for edit in decision]
    for edit in diff_text(start, live):
        touched = lines.touched(edit)
        if touched is None or not any(_overlap(touched, span) for span in disputed):
            edits.append((edit, THEIRS_BEHIND if edit.text.startswith("\n") else THEIRS))
    return _applied(start, edits)


def closest(live: str, recorded: Sequence[str]) -> int:
    """The place of the text that shares most lines; the first of equals."""
    lines = Counter(live.split("\n"))

    def distance(text: str) -> int:
        others = Counter(text.split("\n"))
        return (lines - others).total() + (others - lines).total()

    return min(range(len(recorded)), key=lambda place: distance(recorded[place]))


def _touched(lines: Lines, start: str, text: str) -> Iterable[tuple[int, int]]:
    spans = (lines.touched(edit) for edit in diff_text(start, text))
    return (span for span in spans if span is not None)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _applied(start: str, edits: list[tuple[TextEdit, int]]) -> str:
    """All edits; a line put in where the decision replaces something comes behind that."""
    edits.sort(key=lambda item: (item[0].start, item[0].end, item[1]))
    parts: list[str] = []
    at = 0
    for edit, _ in edits:
        parts += [start[at : max(at, edit.start)], edit.text]
        at = max(at, edit.end)
    return "".join([*parts, start[at:]])
