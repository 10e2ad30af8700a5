"""The text for a notebook, with the text that is there as the template.

Theory of operation. Only cells that others changed are written; everything else of the text, hand
formatting, blank lines, comments and header, is copied line by line. Of a changed cell only the
changed lines are written. What comes out is read again: if it does not say what the notebook says,
less of the old text is kept, and in the end none of it, because a right text comes before a pretty one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rtcd.content import NotebookContent, TextContent
from rtcd.errors import HeldError
from rtcd.merge.three_way import merge_contents
from rtcd.paired.groups import joined_cells
from rtcd.paired.header import header_for
from rtcd.paired.pairing import Pairing
from rtcd.paired.reading import read_script
from rtcd.paired.script import Script
from rtcd.paired.template import Template, by_id, is_same_cell
from rtcd.paired.writing import write_script


def rewritten(pairing: Pairing, notebook: NotebookContent) -> Pairing:
    """The text for ``notebook``; the very same text where nothing changed that a text holds.

    Raises:
        HeldError: jupytext cannot write the format.
    """
    old = pairing.notebook
    if notebook is old:
        return replace(pairing, notebook=notebook)
    header = header_for(pairing, notebook)
    if header is None and _says_the_same(old, notebook):
        return replace(pairing, notebook=notebook)
    for text in _candidates(pairing, notebook, header):
        script = _read(text, pairing.script)
        if script is not None and _stands_for(script, notebook, pairing):
            return Pairing.of(script, notebook)
    script = read_script(write_script(notebook, pairing.script.format), pairing.script.format)
    return Pairing.of(script, notebook)


def _says_the_same(old: NotebookContent, new: NotebookContent) -> bool:
    return len(old.cells) == len(new.cells) and all(
        one is other or (one.id == other.id and is_same_cell(one, other))
        for one, other in zip(old.cells, new.cells, strict=True)
    )


def _candidates(
    pairing: Pairing, notebook: NotebookContent, header: Sequence[str] | None
) -> Iterator[str]:
    if pairing.script.has_places:
        template = Template(pairing, notebook, header)
        yield template.text(Template.changed_lines)
        yield template.text(Template.whole_cell)
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
    known = by_id(pairing)
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
