"""Which cell of a text is which cell of the notebook, and what a saved text makes of the notebook.

Theory of operation. A text and a notebook that say the same are a *pairing*: it is made when one was
written from the other. A save is another text. The cells of both texts are matched by what they say
(``diff/cells.py``), never by place, and only what differs between the two *texts* is done to the
notebook: sources, types, the metadata that the text holds. Whatever a text cannot hold (ids, outputs,
attachments, counts, the exact spelling of a magic) is therefore never touched by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rtcd.content import Cell, JsonObject, NotebookContent, TextContent
from rtcd.diff.cells import match_cells
from rtcd.diff.json_edits import same_json
from rtcd.merge.three_way import merge_contents
from rtcd.paired.groups import join, joined_cells, joined_like
from rtcd.paired.joined_origins import with_joined
from rtcd.paired.script import Script, ScriptCell

FILE_KEYS = frozenset({"jupytext"})
"""Notebook metadata that in a text's header belongs to the file, and not to the document."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A text and the notebook it stands for.

    ``cells`` are the text's, joined where several are one of the notebook's; ``places`` has the
    notebook's cell for each of them. A place is None for a cell that only the text has (jupytext
    invents some), and a cell of the notebook that no place names is not in the text. ``is_exact``:
    neither happens.
    """

    script: Script
    notebook: NotebookContent
    cells: tuple[ScriptCell, ...]
    places: tuple[int | None, ...]
    is_exact: bool = True

    @classmethod
    def of(cls, script: Script, notebook: NotebookContent) -> Pairing:
        """Pair cells by place where the two fit, else by what they say."""
        cells: tuple[ScriptCell, ...] | None = script.cells
        if not _fits(script.cells, notebook):
            cells = joined_cells(script, notebook) if script.has_places else None
        if cells is not None:
            return cls(script, notebook, cells, tuple(range(len(cells))))
        return cls(script, notebook, *_by_content(script, notebook), is_exact=False)

    @property
    def is_joined(self) -> bool:
        """True when cells of the text were joined."""
        return len(self.cells) != len(self.script.cells)

    def notebook_for(self, saved: Script, new_id: Callable[[], str]) -> NotebookContent:
        """The notebook, with everything that ``saved`` changed in the text and nothing else."""
        return _Saved(self, saved, new_id).notebook()


def _fits(cells: Sequence[ScriptCell], notebook: NotebookContent) -> bool:
    return len(cells) == len(notebook.cells) and all(
        one.cell_type == other.cell_type for one, other in zip(cells, notebook.cells, strict=True)
    )


def _by_content(
    script: Script, notebook: NotebookContent
) -> tuple[tuple[ScriptCell, ...], tuple[int | None, ...]]:
    """Pair what can be paired; what is left of the text belongs to the cell before it."""
    places = match_cells(notebook.cells, [cell.as_cell() for cell in script.cells])
    cells: list[ScriptCell] = []
    kept: list[int | None] = []
    first = 0
    for number, (cell, place) in enumerate(zip(script.cells, places, strict=True)):
        at = kept[-1] if kept else None
        if place is None and at is not None and cell.end > cell.start:
            cells[-1] = join(script, first, number + 1, notebook.cells[at].cell_type)
            continue
        cells.append(cell)
        kept.append(place)
        first = number
    return tuple(cells), tuple(kept)


def is_edit_in_place(old: Sequence[ScriptCell], new: Sequence[ScriptCell]) -> bool:
    """True when at most one cell differs, in its place: the commonest save needs no matching."""
    if len(old) != len(new):
        return False
    differing = [
        one.cell_type == other.cell_type
        for one, other in zip(old, new, strict=True)
        if one is not other and not one.says_the_same(other)
    ]
    return differing in ([], [True])


class _Saved:
    """The work on one saved text."""

    def __init__(self, pairing: Pairing, saved: Script, new_id: Callable[[], str]) -> None:
        self.pairing = pairing
        self.saved = saved
        self.new_id = new_id
        self.old = pairing.cells
        self.cells = pairing.notebook.cells

    def notebook(self) -> NotebookContent:
        new, origins = self._matched()
        metadata = self._metadata()
        unmoved = list(origins) == list(range(len(self.old)))
        if unmoved and all(map(ScriptCell.says_the_same, self.old, new)):
            return replace(self.pairing.notebook, metadata=metadata)
        made = [self._made(cell, origin) for cell, origin in zip(new, origins, strict=True)]
        cells = tuple(cell for _, cell in self._with_hidden(made))
        return replace(self.pairing.notebook, cells=cells, metadata=metadata)

    def _matched(self) -> tuple[Sequence[ScriptCell], Sequence[int | None]]:
        """The saved text's cells, and which of the old ones each of them is."""
        new = self.saved.cells
        shown = [cell.as_cell() for cell in new]
        if not self.pairing.is_joined:
            if is_edit_in_place(self.old, new):
                return new, range(len(new))
            before = self._named(self.old)
            return new, with_joined(before, shown, match_cells(before, shown))
        read = self.pairing.script.cells
        origins = match_cells([cell.as_cell() for cell in read], shown)
        group_of = [
            group
            for group, joined in enumerate(self.old)
            for cell in read
            if joined.start <= cell.start < joined.end
        ]
        types = [cell.cell_type for cell in self.old]
        return joined_like(self.saved, origins, group_of, types)

    def _named(self, cells: Sequence[ScriptCell]) -> list[Cell]:
        """The old text's cells under the notebook's ids."""
        return [
            Cell(self._name(place), cell.cell_type, cell.source, cell.metadata)
            for place, cell in enumerate(cells)
        ]

    def _name(self, place: int) -> str | None:
        at = self.pairing.places[place]
        return None if at is None else self.cells[at].id

    def _made(self, cell: ScriptCell, origin: int | None) -> tuple[int | None, Cell]:
        """A cell of the result, and its place in the notebook before."""
        if origin is None:
            return None, Cell(self.new_id(), cell.cell_type, cell.source, cell.metadata)
        at = self.pairing.places[origin]
        before = self.old[origin]
        if at is None:
            if before.says_the_same(cell):
                return None, _NOT_A_CELL
            return None, Cell(self.new_id(), cell.cell_type, cell.source, cell.metadata)
        return at, _changed(self.cells[at], before, cell)

    def _with_hidden(
        self, made: Sequence[tuple[int | None, Cell]]
    ) -> list[tuple[int | None, Cell]]:
        """With the notebook's cells that the text does not show, each behind the one it follows."""
        shown = {place for place in self.pairing.places if place is not None}
        result = [item for item in made if item[1] is not _NOT_A_CELL]
        for place in range(len(self.cells)):
            if place in shown:
                continue
            where = next(
                (number for number, item in enumerate(result) if item[0] == place - 1), None
            )
            if where is None:
                where = -1 if place == 0 else min(place, len(result)) - 1
            result.insert(where + 1, (place, self.cells[place]))
        return result

    def _metadata(self) -> JsonObject:
        """The notebook's metadata with what the header says otherwise than before.

        A header that is gone takes nothing away: it is the file's.
        """
        before = _stated(self.pairing.script.metadata)
        after = {**before, **_stated(self.saved.metadata)}
        return _edited_keys(self.pairing.notebook.metadata, before, after)


_NOT_A_CELL = Cell(None, "raw", "")


def _stated(metadata: JsonObject) -> JsonObject:
    return {key: value for key, value in metadata.items() if key not in FILE_KEYS}


def states_nothing_else(one: Script, other: Script) -> bool:
    """True when the header of ``other`` says of the notebook what that of ``one`` does, or less."""
    before = _stated(one.metadata)
    return same_json(before, {**before, **_stated(other.metadata)})


def _changed(cell: Cell, before: ScriptCell, after: ScriptCell) -> Cell:
    """A cell of the notebook with what changed between two readings of its text."""
    if before.says_the_same(after):
        return cell
    source = cell.source
    if before.source != after.source:
        source = _merged_source(before.source, after.source, cell.source)
    cell_type = cell.cell_type if before.cell_type == after.cell_type else after.cell_type
    metadata = _edited_keys(cell.metadata, before.metadata, after.metadata)
    changed = replace(cell, source=source, cell_type=cell_type, metadata=metadata)
    if cell_type != "code":
        changed = replace(changed, outputs=(), execution_count=None)
    return changed


def _merged_source(before: str, after: str, source: str) -> str:
    """What the text changed, done to a source that the text may not show to the letter."""
    if source == before:
        return after
    merged = merge_contents(TextContent(before), TextContent(after), TextContent(source)).content
    assert isinstance(merged, TextContent)
    return merged.text


def _edited_keys(metadata: JsonObject, before: JsonObject, after: JsonObject) -> JsonObject:
    if same_json(before, after):
        return metadata
    edited = dict(metadata)
    for key in before.keys() - after.keys():
        edited.pop(key, None)
    return edited | {
        key: value
        for key, value in after.items()
        if key not in before or not same_json(before[key], value)
    }
