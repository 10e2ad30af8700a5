"""Which lines of a text edits touch, and what follows from that when two sides edit. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from rtcd.diff.edits import TextEdit

LAYOUT = " \t\"'"


class Lines:
    """Where the lines of a text begin."""

    def __init__(self, text: str) -> None:
        self.starts = [0]
        at = text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)
        self.end = len(text)

    def is_start(self, offset: int) -> bool:
        """A line begins here, or the text ends here."""
        place = bisect_left(self.starts, offset)
        found = place < len(self.starts) and self.starts[place] == offset
        return found or offset == self.end

    def around(self, offset: int) -> int:
        """Number of the line that holds this offset."""
        return bisect_right(self.starts, offset) - 1

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Offsets of whole lines, ``last`` included."""
        end = self.starts[last + 1] if last + 1 < len(self.starts) else self.end
        return self.starts[first], end

    def touched(self, edit: TextEdit) -> tuple[int, int] | None:
        """First and last line that an edit changes; None when it only adds whole lines."""
        first = self.around(edit.start)
        if edit.start == edit.end:
            whole = self.is_start(edit.start) and (
                edit.text.endswith("\n") or edit.start == self.end
            )
            at_line_end = edit.text.startswith("\n") and self.is_start(edit.start + 1)
            return None if whole or at_line_end else (first, first)
        return first, self.around(edit.end - 1)


def _are_apart(base: str, one: TextEdit, other: TextEdit) -> bool:
    """One is layout only, and they do not touch."""
    is_layout = _is_layout(base, one) or _is_layout(base, other)
    return is_layout and (one.end < other.start or other.end < one.start)


def _is_layout(base: str, edit: TextEdit) -> bool:
    """Blanks inside a line, or quotes: what formatters change between the words."""
    return not (base[edit.start : edit.end] + edit.text).strip(LAYOUT)


def edit_wins(
    lines: Lines, edits: tuple[TextEdit, ...], others: Sequence[TextEdit]
) -> tuple[TextEdit, ...]:
    """These edits without the deletion of whole lines that the others have changed."""
    kept: list[TextEdit] = []
    changed = False
    for edit in edits:
        is_deletion = not edit.text and lines.is_start(edit.start) and lines.is_start(edit.end)
        spared = list(_edited_lines(lines, edit, others)) if is_deletion else []
        if not spared:
            kept.append(edit)
            continue
        changed = True
        at = edit.start
        for start, end in [*spared, (edit.end, edit.end)]:
            if at < start:
                kept.append(TextEdit(at, start, ""))
            at = max(at, end)
    return tuple(kept) if changed else edits


def _edited_lines(
    lines: Lines, deletion: TextEdit, others: Sequence[TextEdit]
) -> Iterator[tuple[int, int]]:
    """Spans of whole lines inside the deletion which the others changed and did not delete."""
    for other in others[_first_behind(others, deletion.start) :]:
        if other.start > deletion.end:
            return
        touched = lines.touched(other)
        if touched is None or (not other.text and _is_whole(lines, other)):
            continue
        start, end = lines.span(*touched)
        start, end = max(start, deletion.start), min(end, deletion.end)
        if start < end:
            yield start, end


def _is_whole(lines: Lines, edit: TextEdit) -> bool:
    return lines.is_start(edit.start) and lines.is_start(edit.end)


def _first_behind(edits: Sequence[TextEdit], offset: int) -> int:
    """The first edit that ends at or behind the offset."""
    return bisect_left(edits, offset, key=lambda edit: edit.end)


def same_line(base: str, lines: Lines, mine: Sequence[TextEdit], other: Sequence[TextEdit]) -> bool:
    """Some line was changed by both, and not in the same way.

    An indent or another sort of quotes beside another's word is nothing that anybody has to look at.
    """
    spans = [(span, edit) for edit in other if (span := lines.touched(edit)) is not None]
    at = 0
    for edit in mine:
        touched = lines.touched(edit)
        if touched is None:
            continue
        while at < len(spans) and spans[at][0][1] < touched[0]:
            at += 1
        for (first, _), their in spans[at:]:
            if first > touched[1]:
                break
            if their != edit and not _are_apart(base, edit, their):
                return True
    return False
