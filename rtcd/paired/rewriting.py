"""The text for a notebook, with the text that is there as the template.

Theory of operation. Only cells that others changed are written; everything else of the text, hand
formatting, blank lines, comments and header, is copied line by line. Of a changed cell only the
changed lines are written. What comes out is read again: if it does not say what the notebook says,
less of the old text is kept, and in the end none of it, because a right text comes before a pretty one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.diff.json_edits import same_json
from rtcd.diff.sequences import seq_diff
from rtcd.errors import HeldError
from rtcd.merge.three_way import merge_contents
from rtcd.paired.groups import joined_cells
from rtcd.paired.pairing import Pairing
from rtcd.paired.reading import read_script
from rtcd.paired.script import Script
from rtcd.paired.writing import CellWriter, write_script


def rewritten(pairing: Pairing, notebook: NotebookContent) -> Pairing:
    """The text for ``notebook``; the very same text where nothing changed that a text holds.

    Raises:
        HeldError: jupytext cannot write the format.
    """
    old = pairing.notebook
    if notebook is old or _says_the_same(old, notebook):
        return replace(pairing, notebook=notebook)
    for text in _candidates(pairing, notebook):
        script = _read(text, pairing.script)
        if script is not None and _stands_for(script, notebook, pairing):
            return Pairing.of(script, notebook)
    script = read_script(write_script(notebook, pairing.script.format), pairing.script.format)
    return Pairing.of(script, notebook)


def _says_the_same(old: NotebookContent, new: NotebookContent) -> bool:
    return len(old.cells) == len(new.cells) and all(
        one is other or (one.id == other.id and _is_same_cell(one, other))
        for one, other in zip(old.cells, new.cells, strict=True)
    )


def _is_same_cell(one: Cell, other: Cell) -> bool:
    return (
        one.source == other.source
        and one.cell_type == other.cell_type
        and same_json(one.metadata, other.metadata)
    )


def _candidates(pairing: Pairing, notebook: NotebookContent) -> Iterator[str]:
    if pairing.script.has_places:
        template = _Template(pairing, notebook)
        yield template.text(_Template.changed_lines)
        yield template.text(_Template.whole_cell)
    yield _patched(pairing, notebook)


def _patched(pairing: Pairing, notebook: NotebookContent) -> str:
    """What jupytext would write otherwise now, done to the text that is there."""
    fmt = pairing.script.format
    before, after = write_script(pairing.notebook, fmt), write_script(notebook, fmt)
    merged = merge_contents(
        TextContent(before), TextContent(pairing.script.text), TextContent(after)
    ).content
    assert isinstance(merged, TextContent)
    return merged.text


def _read(text: str, like: Script) -> Script | None:
    try:
        return read_script(text, like.format, like=like)
    except HeldError:
        return None


def _stands_for(script: Script, notebook: NotebookContent, pairing: Pairing) -> bool:
    """True when the text shows the notebook's cells, as far as the old text showed them."""
    if not pairing.is_exact:
        more = len(notebook.cells) - len(pairing.notebook.cells)
        return len(script.cells) == len(pairing.script.cells) + more
    if pairing.is_joined or len(script.cells) != len(notebook.cells):
        return joined_cells(script, notebook) is not None
    shown = [_Shown(cell.cell_type, _readable(cell.source)) for cell in script.cells]
    return shown == list(_wanted(notebook, pairing))


@dataclass(frozen=True, slots=True)
class _Shown:
    cell_type: str
    source: str


def _wanted(notebook: NotebookContent, pairing: Pairing) -> Iterator[_Shown]:
    """What a reading should give: the old reading of cells that did not change, else the source."""
    known = _by_id(pairing)
    for cell in notebook.cells:
        place = known.get(cell.id)
        if place is None:
            yield _Shown(cell.cell_type, _readable(cell.source))
            continue
        at, number = place
        before = pairing.notebook.cells[at]
        read = pairing.cells[number]
        source = read.source if before.source == cell.source else cell.source
        cell_type = read.cell_type if before.cell_type == cell.cell_type else cell.cell_type
        yield _Shown(cell_type, _readable(source))


def _readable(source: str) -> str:
    """A source as a reader may give it back: without blank ends, all line ends alike."""
    return "\n".join(source.splitlines()).strip("\n")


def _by_id(pairing: Pairing) -> dict[str | None, tuple[int, int]]:
    """Cells by id: the place in the notebook and the number in the text."""
    found: dict[str | None, tuple[int, int]] = {}
    for number, at in enumerate(pairing.places):
        if at is not None:
            found.setdefault(pairing.notebook.cells[at].id, (at, number))
    found.pop(None, None)
    return found


class _Template:
    """The text put together from pieces of the old one; lines have their ends here."""

    def __init__(self, pairing: Pairing, notebook: NotebookContent) -> None:
        self.pairing = pairing
        self.script = pairing.script
        self.notebook = notebook
        self.known = _by_id(pairing)
        self.writer = CellWriter(pairing.script)
        self.raw = pairing.script.text.splitlines(keepends=True)
        if self.raw and not self.raw[-1].endswith("\n"):
            self.raw[-1] += "\n"

    def text(self, change: Callable[[_Template, int, Cell, Cell], Sequence[str]]) -> str:
        lines = self.raw[: self.script.header_end]
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
        change: Callable[[_Template, int, Cell, Cell], Sequence[str]],
    ) -> Sequence[str]:
        if place is None:
            return [*self._written(cell), "\n"]
        at, number = place
        before = self.pairing.notebook.cells[at]
        if _is_same_cell(before, cell):
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
