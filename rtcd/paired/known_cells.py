"""What an earlier reading of a similar text tells about a new one: most cells need not be read again."""

from __future__ import annotations

from collections.abc import Sequence

from rtcd.paired.script import Script, ScriptCell

UNTOUCHED_ABOVE = 2
"""So many cells above a change are read again: a reader looks at what follows its cell."""


class KnownCells:
    """The cells of a text that are those of the text before, above and below what changed."""

    def __init__(
        self, like: Script | None, lines: Sequence[str], start: int, *, is_local: bool
    ) -> None:
        self._cells: Sequence[ScriptCell] = ()
        self._above = 0
        self._below: dict[int, int] = {}
        self._shift = 0
        if like is None or like.header_end != start or like.lines[:start] != tuple(lines[:start]):
            return
        # A cell of another language was changed after it was read: such a text is read as a whole.
        if any(cell.source.startswith(("%%", "#!")) for cell in like.cells):
            return
        self._cells = like.cells
        head = _common_head(like.lines, lines)
        tail = _common_tail(like.lines, lines, head)
        self._shift = len(lines) - len(like.lines)
        inside = [place for place, cell in enumerate(like.cells) if cell.end <= head]
        self._above = max(0, len(inside) - UNTOUCHED_ABOVE)
        if not is_local:
            self._above = 0
        below = len(like.lines) - tail
        self._below = {
            cell.start + self._shift: place
            for place, cell in enumerate(like.cells)
            if cell.start >= below and place >= self._above and cell.end > cell.start
        }

    def above(self) -> Sequence[ScriptCell]:
        """The cells above the change, but for the header's own, which is read anew."""
        return [cell for cell in self._cells[: self._above] if cell.end > cell.start]

    def rest(self, at: int) -> list[ScriptCell] | None:
        """All cells from a line on, where one began before and all below is as it was."""
        place = self._below.get(at)
        if place is None:
            return None
        if not self._shift:
            return list(self._cells[place:])
        return [
            ScriptCell(
                cell.cell_type,
                cell.source,
                cell.metadata,
                cell.start + self._shift,
                cell.end + self._shift,
            )
            for cell in self._cells[place:]
        ]


def _common_head(old: Sequence[str], new: Sequence[str]) -> int:
    length = min(len(old), len(new))
    if old[:length] == new[:length]:
        return length
    return next(place for place in range(length) if old[place] != new[place])


def _common_tail(old: Sequence[str], new: Sequence[str], head: int) -> int:
    length = min(len(old), len(new)) - head
    return next(
        (place for place in range(length) if old[-1 - place] != new[-1 - place]), max(0, length)
    )
