"""Two notebooks as the smallest honest edit: cells edited in place, least moves, keys one by one.

A move is a removal and a copy elsewhere, because shared arrays know no move (``moves.py``). The id
of a matched cell stays the id that the old notebook knows, whatever the new one says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import lt
from typing import Any

from rtcd.content import Cell, JsonObject, NotebookContent
from rtcd.diff.cells import match_cells
from rtcd.diff.edits import TextEdit
from rtcd.diff.json_edits import KeyEdits, diff_keys, same_json, storable, storable_text
from rtcd.diff.moves import heaviest_increasing
from rtcd.diff.outputs import OutputsEdit, diff_outputs
from rtcd.diff.text import diff_text

UNSHARED_METADATA = frozenset({"trusted"})
"""Keys of cell metadata that belong to a server and no file: neither read nor written."""

TOUCHED_WEIGHT = 10**9
"""A cell that others edited lately moves only when nothing else can."""


@dataclass(frozen=True, slots=True)
class CellEdit:
    """What changes inside the old cell ``index``; ``after`` is what it shall be, with its id."""

    index: int
    before: Cell
    after: Cell
    source: tuple[TextEdit, ...]
    metadata: KeyEdits
    outputs: OutputsEdit

    def changes(self, name: str) -> bool:
        """True when the plain value of that name (id, cell_type, ...) differs."""
        return not same_json(getattr(self.before, name), getattr(self.after, name))


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """A cell put at ``place`` of the new notebook; ``origin`` is the old cell that moved there."""

    place: int
    cell: Cell
    origin: int | None


@dataclass(frozen=True, slots=True)
class NotebookEdit:
    """Edits in place by old index, then removals, then insertions by new index.

    ``removed`` are runs ``[start, end)`` of old indices, rising; cells that move are among them.
    ``cells`` is the outcome; a cell that does not change is the same object as before.
    """

    edited: tuple[CellEdit, ...]
    removed: tuple[tuple[int, int], ...]
    placed: tuple[PlacedCell, ...]
    metadata: KeyEdits
    cells: tuple[Cell, ...]
    deleted_ids: frozenset[str]
    moved_ids: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.edited or self.removed or self.placed or self.metadata)


def diff_notebook(
    old: NotebookContent,
    new: NotebookContent,
    touched: Collection[str] = frozenset(),
    *,
    new_id: Callable[[], str],
) -> NotebookEdit:
    """The edit from one notebook to the other.

    Args:
        old: what the document holds; its ids stay.
        new: what it shall hold; ids may be missing, doubled or made anew.
        touched: ids of cells that should rather not move.
        new_id: makes an id for a cell that needs one.

    Raises:
        ApplyError: something that would have to be written cannot be held by a shared document.
    """
    origins = match_cells(old.cells, new.cells)
    cells = _outcome(old.cells, new.cells, origins, new_id)
    staying = _staying(old.cells, origins, touched)
    edit = NotebookEdit(
        edited=tuple(_cell_edits(old.cells, cells, origins, staying)),
        removed=tuple(_runs(index for index in range(len(old.cells)) if index not in staying)),
        placed=tuple(_placed(cells, origins, staying)),
        metadata=diff_keys(old.metadata, new.metadata),
        cells=cells,
        deleted_ids=_ids(old.cells, set(range(len(old.cells))) - set(origins)),
        moved_ids=_ids(old.cells, {o for o in origins if o is not None and o not in staying}),
    )
    _check_storable(edit)
    return edit


def shared_metadata(metadata: JsonObject) -> JsonObject:
    """A cell's metadata without the keys that are not shared."""
    if UNSHARED_METADATA.isdisjoint(metadata):
        return metadata
    return {key: value for key, value in metadata.items() if key not in UNSHARED_METADATA}


def same_cell(old: Cell, new: Cell) -> bool:
    """True when two cells, ids included, mean the same."""
    return old is new or (
        old.id == new.id
        and old.cell_type == new.cell_type
        and old.source == new.source
        and old.execution_count == new.execution_count
        # Most parts of most cells are empty, which is seen without a call.
        and (not (old.metadata or new.metadata) or same_json(old.metadata, new.metadata))
        and (
            not (old.attachments or new.attachments) or same_json(old.attachments, new.attachments)
        )
        and (not (old.outputs or new.outputs) or same_json(old.outputs, new.outputs))
    )


def _outcome(
    old: Sequence[Cell],
    new: Sequence[Cell],
    origins: Sequence[int | None],
    new_id: Callable[[], str],
) -> tuple[Cell, ...]:
    """The cells as they shall be: matched ones keep their id, later duplicates get a new one."""
    known = {old[origin].id for origin in origins if origin is not None}
    used: set[str] = set()
    cells = []
    for cell, origin in zip(new, origins, strict=True):
        if origin is not None and old[origin] is cell and _may_stay(cell, used):
            used.add(cell.id or "")
            cells.append(cell)
            continue
        identity = cell.id if origin is None else old[origin].id or cell.id
        mine = origin is not None and old[origin].id is not None
        if identity is None or identity in used or (not mine and identity in known):
            identity = new_id()
        used.add(identity)
        after = replace(cell, id=identity, metadata=shared_metadata(cell.metadata))
        same = origin is not None and same_cell(old[origin], after)
        cells.append(old[origin] if same and origin is not None else after)
    return tuple(cells)


def _may_stay(cell: Cell, used: Collection[str]) -> bool:
    """A cell that is as the old notebook has it needs no look, as long as its id is its own."""
    return (
        cell.id is not None and cell.id not in used and UNSHARED_METADATA.isdisjoint(cell.metadata)
    )


def _staying(
    old: Sequence[Cell], origins: Sequence[int | None], touched: Collection[str]
) -> frozenset[int]:
    """Indices of the old cells that stay in their place."""
    kept = [origin for origin in origins if origin is not None]
    if all(map(lt, kept, kept[1:])):
        return frozenset(kept)
    weights = [_weight(old[origin], touched) for origin in kept]
    return frozenset(kept[place] for place in heaviest_increasing(kept, weights))


def _weight(cell: Cell, touched: Collection[str]) -> int:
    weight = 1 + len(cell.source) + sum(map(_output_weight, cell.outputs))
    return weight + TOUCHED_WEIGHT if cell.id in touched else weight


def _output_weight(output: JsonObject) -> int:
    data = output.get("data")
    values: list[Any] = [output.get("text"), *(data.values() if isinstance(data, dict) else ())]
    return 1 + sum(len(value) for value in values if isinstance(value, str))


def _cell_edits(
    old: Sequence[Cell],
    cells: Sequence[Cell],
    origins: Sequence[int | None],
    staying: Collection[int],
) -> Iterator[CellEdit]:
    for cell, origin in zip(cells, origins, strict=True):
        if origin is None or origin not in staying or old[origin] is cell:
            continue
        before = old[origin]
        yield CellEdit(
            origin,
            before,
            cell,
            diff_text(before.source, cell.source),
            diff_keys(before.metadata, cell.metadata),
            diff_outputs(before.outputs, cell.outputs),
        )


def _placed(
    cells: Sequence[Cell], origins: Sequence[int | None], staying: Collection[int]
) -> Iterator[PlacedCell]:
    for place, (cell, origin) in enumerate(zip(cells, origins, strict=True)):
        if origin is None or origin not in staying:
            yield PlacedCell(place, cell, origin)


def _runs(indices: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring indices as half-open ranges."""
    for _, run in groupby(enumerate(indices), lambda pair: pair[1] - pair[0]):
        members = [index for _, index in run]
        yield members[0], members[-1] + 1


def _ids(cells: Sequence[Cell], indices: Collection[int]) -> frozenset[str]:
    return frozenset(identity for index in indices if (identity := cells[index].id) is not None)


def _check_storable(edit: NotebookEdit) -> None:
    storable(edit.metadata.assigned)
    for change in edit.edited:
        storable(change.metadata.assigned)
        storable(change.outputs.added)
        _check_plain_parts(change.after)
        if change.outputs.stream is not None:
            storable_text(change.outputs.stream.text)
    for placed in edit.placed:
        _check_plain_parts(placed.cell)
        storable(placed.cell.metadata)
        storable(placed.cell.outputs)


def _check_plain_parts(cell: Cell) -> None:
    for text in (cell.id or "", cell.cell_type, cell.source):
        storable_text(text)
    storable(cell.execution_count)
    if cell.attachments:
        storable(cell.attachments)
