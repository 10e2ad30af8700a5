"""What a saved text makes of the notebook that an earlier text stood for.

Theory of operation. A text and a notebook that say the same are a *pairing*: it is made when one was
written from the other. A save is another text. The cells of both texts are matched by what they say
(``diff/cells.py``), never by place, and only what differs between the two *texts* is done to the
notebook: sources, types, the metadata that the text holds. Whatever a text cannot hold (ids, outputs,
attachments, counts, the exact spelling of a magic) is therefore never touched by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rtcd.content import Cell, JsonObject, NotebookContent, TextContent
from rtcd.diff.cells import match_cells
from rtcd.diff.json_edits import same_json
from rtcd.merge.three_way import merge_contents
from rtcd.paired.groups import joined_like
from rtcd.paired.joined_origins import with_joined
from rtcd.paired.newer_cells import cells_of_newer, grown_of_newer
from rtcd.paired.script import Script, ScriptCell

if TYPE_CHECKING:
    from rtcd.paired.pairing import Pairing

FILE_KEYS = frozenset({"jupytext"})
"""Notebook metadata that in a text's header belongs to the file, and not to the document."""


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


class SavedText:
    """The work on one saved text; see ``Pairing.notebook_for``."""

    def __init__(
        self,
        pairing: Pairing,
        saved: Script,
        new_id: Callable[[], str],
        newer: Pairing | None,
    ) -> None:
        self.pairing = pairing
        self.newer = newer
        self.known: Mapping[int, Cell] = {}
        self.saved = saved
        self.new_id = new_id
        self.old = pairing.cells
        self.cells = pairing.notebook.cells

    def notebook(self) -> NotebookContent:
        """The notebook that the saved text stands for."""
        new, origins = self._matched()
        metadata = self._metadata()
        unmoved = list(origins) == list(range(len(self.old)))
        if unmoved and all(map(ScriptCell.says_the_same, self.old, new)):
            return replace(self.pairing.notebook, metadata=metadata)
        made = [
            self._known_as(self.known[number]) if number in self.known else self._made(cell, origin)
            for number, (cell, origin) in enumerate(zip(new, origins, strict=True))
        ]
        cells = tuple(cell for _, cell in self._with_hidden(made))
        return replace(self.pairing.notebook, cells=cells, metadata=metadata)

    def _matched(self) -> tuple[Sequence[ScriptCell], Sequence[int | None]]:
        """The saved text's cells, and which of the old ones each of them is."""
        new = self.saved.cells
        shown = [cell.as_cell() for cell in new]
        if not self.pairing.is_joined:
            if self.newer is not None:
                self._know_cells_of(self.newer)
            if not self.known and is_edit_in_place(self.old, new):
                return new, range(len(new))
            origins = self._matched_one_by_one(self._named(self.old), shown)
            if self.newer is not None:
                self._know_grown_cells_of(self.newer, origins)
            return new, origins
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

    def _know_cells_of(self, newer: Pairing) -> None:
        found = cells_of_newer(self.old, self.saved.cells, newer)
        self.known = {number: newer.notebook.cells[place] for number, place in found.items()}

    def _know_grown_cells_of(self, newer: Pairing, origins: Sequence[int | None]) -> None:
        known = {cell.id for cell in (*self.cells, *self.known.values())}
        there = newer.notebook.cells
        places = [place for place, cell in enumerate(there) if cell.id not in known]
        left = [
            number
            for number, origin in enumerate(origins)
            if number not in self.known and not self._has_line_of(origin, number)
        ]
        for number, other in grown_of_newer(self.saved.cells, left, newer, places).items():
            place = newer.places[other]
            assert place is not None
            cell = _changed(there[place], newer.cells[other], self.saved.cells[number])
            self.known = {**self.known, number: cell}

    def _has_line_of(self, origin: int | None, number: int) -> bool:
        """True when a saved cell still says something of the old one; matching may go by place."""
        if origin is None:
            return False
        lines = {line for line in self.old[origin].source.splitlines() if line.strip()}
        return not lines.isdisjoint(self.saved.cells[number].source.splitlines())

    def _matched_one_by_one(
        self, before: Sequence[Cell], shown: Sequence[Cell]
    ) -> Sequence[int | None]:
        """Which old cell each one is, but for the cells that are known already."""
        if not self.known:
            return with_joined(before, shown, match_cells(before, shown))
        taken = {cell.id for cell in self.known.values()}
        numbers = [number for number in range(len(shown)) if number not in self.known]
        places = [place for place, cell in enumerate(before) if cell.id not in taken]
        left, rest = [before[place] for place in places], [shown[number] for number in numbers]
        origins: list[int | None] = [None] * len(shown)
        found = with_joined(left, rest, match_cells(left, rest))
        for number, at in zip(numbers, found, strict=True):
            origins[number] = None if at is None else places[at]
        return origins

    def _known_as(self, newer: Cell) -> tuple[int | None, Cell]:
        """A cell of a newer version; of one that was there before, what the text holds."""
        for place, cell in enumerate(self.cells):
            if cell.id == newer.id:
                made = replace(
                    cell,
                    source=newer.source,
                    cell_type=newer.cell_type,
                    metadata=newer.metadata,
                )
                return place, made if newer.cell_type == "code" else _without_outputs(made)
        return None, newer

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
        return edited_keys(self.pairing.notebook.metadata, before, after)


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
    metadata = edited_keys(cell.metadata, before.metadata, after.metadata)
    changed = replace(cell, source=source, cell_type=cell_type, metadata=metadata)
    return changed if cell_type == "code" else _without_outputs(changed)


def _without_outputs(cell: Cell) -> Cell:
    return replace(cell, outputs=(), execution_count=None)


def _merged_source(before: str, after: str, source: str) -> str:
    """What the text changed, done to a source that the text may not show to the letter."""
    if source == before:
        return after
    merged = merge_contents(TextContent(before), TextContent(after), TextContent(source)).content
    assert isinstance(merged, TextContent)
    return merged.text


def edited_keys(metadata: JsonObject, before: JsonObject, after: JsonObject) -> JsonObject:
    """``metadata`` with all keys whose value is another one in ``after`` than in ``before``."""
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
