"""A paired text put together anew: the pieces of the old one, and what others changed.

Of a cell that nobody changed every byte is copied. Of a changed one only the changed lines are
written, in the style of the lines around.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rtcd.content import Cell, NotebookContent
from rtcd.diff.json_edits import same_json
from rtcd.diff.sequences import seq_diff
from rtcd.paired.pairing import Pairing
from rtcd.paired.writing import CellWriter


def is_same_cell(one: Cell, other: Cell) -> bool:
    """Equal in all that a text can show."""
    return (
        one.source == other.source
        and one.cell_type == other.cell_type
        and same_json(one.metadata, other.metadata)
    )


def by_id(pairing: Pairing) -> dict[str | None, tuple[int, int]]:
    """Cells by id: the place in the notebook and the number in the text."""
    found: dict[str | None, tuple[int, int]] = {}
    for number, at in enumerate(pairing.places):
        if at is not None:
            found.setdefault(pairing.notebook.cells[at].id, (at, number))
    found.pop(None, None)
    return found


class Template:
    """The old text as the pattern of the new one; lines have their ends here."""

    def __init__(
        self, pairing: Pairing, notebook: NotebookContent, header: Sequence[str] | None = None
    ) -> None:
        self.pairing = pairing
        self.header = header
        self.script = pairing.script
        self.notebook = notebook
        self.known = by_id(pairing)
        self.writer = CellWriter(pairing.script)
        self.raw = pairing.script.text.splitlines(keepends=True)
        if self.raw and not self.raw[-1].endswith("\n"):
            self.raw[-1] += "\n"

    def text(self, change: Callable[[Template, int, Cell, Cell], Sequence[str]]) -> str:
        """The whole text; ``change`` gives the lines of a cell that is not what it was."""
        own = self.raw[: self.script.header_end]
        lines = [*(own if self.header is None else self.header)]
        next_number: int | None = 0
        for cell in self.notebook.cells:
            place = self.known.get(cell.id)
            number = None if place is None else place[1]
            if number is None or number != next_number:
                _end_with_blank(lines)
            lines += self._piece(cell, place, change)
            next_number = None if number is None else number + 1
        if next_number != len(self.pairing.cells):
            _end_without_blank(lines)
        text = "".join(lines)
        if self.script.text and not self.script.text.endswith("\n"):
            return text.removesuffix("\n")
        return text

    def _piece(
        self,
        cell: Cell,
        place: tuple[int, int] | None,
        change: Callable[[Template, int, Cell, Cell], Sequence[str]],
    ) -> Sequence[str]:
        if place is None:
            return [*self._written(cell), "\n"]
        at, number = place
        before = self.pairing.notebook.cells[at]
        if is_same_cell(before, cell):
            return self._raw_of(number)
        return change(self, number, before, cell)

    def _raw_of(self, number: int) -> list[str]:
        return self.raw[self.pairing.cells[number].start : self.pairing.cells[number].end]

    def _written(self, cell: Cell) -> list[str]:
        return [line + "\n" for text in self.writer.lines(cell) for line in text.split("\n")]

    def whole_cell(self, number: int, before: Cell, cell: Cell) -> Sequence[str]:
        """The cell as jupytext writes it, with as many blank lines behind it as there are."""
        del before
        return [*self._written(cell), *["\n"] * _blank_end(self._raw_of(number))]

    def changed_lines(self, number: int, before: Cell, cell: Cell) -> Sequence[str]:
        """The cell's old lines with only the changed ones written anew."""
        known = self._raw_of(number)
        shown = _lines(self.pairing.cells[number].source)
        wanted = _lines(cell.source)
        written = self._written(cell)
        old_start, new_start = _find_body(known, shown), _find_body(written, wanted)
        if old_start is None or new_start is None or before.cell_type != cell.cell_type:
            return self.whole_cell(number, before, cell)
        head = known[:old_start]
        if not same_json(before.metadata, cell.metadata):
            head = written[:new_start]
        body = known[old_start : old_start + len(shown)]
        anew = written[new_start : new_start + len(wanted)]
        if cell.cell_type != "code":
            anew = _in_style_of(body, shown, wanted, anew)
        lines = [*head]
        at = 0
        for gap in seq_diff(shown, wanted):
            lines += body[at : gap.old_start]
            lines += anew[gap.new_start : gap.new_end]
            at = gap.old_end
        return [*lines, *body[at:], *known[old_start + len(shown) :]]


def _lines(source: str) -> list[str]:
    """A source's lines as jupytext counts them; none is an empty one."""
    return source.splitlines() or [""]


def _in_style_of(
    body: Sequence[str], shown: Sequence[str], wanted: Sequence[str], anew: list[str]
) -> list[str]:
    """New lines of prose behind the same sign as the old ones, where all of those have one."""
    bare = [_bare(line) for line in body]
    signs = {
        line.removesuffix(said) for line, said in zip(bare, shown, strict=True) if said.strip()
    }
    if len(signs) != 1:
        return anew
    sign = signs.pop()
    return [
        f"{sign}{line}\n" if line.strip() else plain
        for line, plain in zip(wanted, anew, strict=True)
    ]


def _find_body(raw: Sequence[str], source: Sequence[str]) -> int | None:
    """Where in a cell's lines its source stands, line by line; None when it does not."""
    lines = [_bare(line) for line in raw]
    for start in range(len(lines) - len(source) + 1):
        if all(_shows(lines[start + n], line) for n, line in enumerate(source)):
            return start
    return None


def _bare(raw: str) -> str:
    """A line without its end."""
    return (raw.splitlines() or [""])[0]


def _shows(line: str, said: str) -> bool:
    """True for a line as it is, or behind the sign of a comment."""
    if line == said:
        return True
    if not said.strip():
        return not line.strip(" \t#/%;-*'!\"")
    sign = line.removesuffix(said)
    return sign != line and not sign.strip(" \t#/%;-*'!")


def _blank_end(raw: Sequence[str]) -> int:
    count = 0
    for line in reversed(raw):
        if line.strip():
            break
        count += 1
    return count


def _end_with_blank(lines: list[str]) -> None:
    if lines and lines[-1].strip():
        lines.append("\n")


def _end_without_blank(lines: list[str]) -> None:
    while lines and not lines[-1].strip():
        lines.pop()
