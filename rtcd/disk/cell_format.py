"""The list of cells of a notebook file, written over the one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rtcd.content import Cell, NotebookContent
from rtcd.disk.cell_pairs import pair_cells
from rtcd.disk.json_meaning import same_meaning
from rtcd.disk.json_rewrite import (
    Change,
    Piece,
    Template,
    assemble,
    change_to,
    edit_object,
    margin_of_items,
)
from rtcd.disk.json_spans import Slot, read_container
from rtcd.disk.notebook_meaning import same_id
from rtcd.disk.notebook_reading import NOT_IN_CELLS, Reading, has_cell_ids
from rtcd.disk.notebook_shapes import Shape, for_file

CODE_FIELDS = ("execution_count", "outputs")


@dataclass(frozen=True, slots=True)
class _Page:
    """What all cells of one write-out share; ``with_ids``: this format has cell ids."""

    template: Template
    reading: Reading
    with_ids: bool


def cells_text(
    template: Template,
    content: NotebookContent,
    reading: Reading,
    slot: Slot | None,
    margin: str | None,
) -> str:
    """The text of the list of cells; cells that stay or move are copied from the file.

    Args:
        template: the file's text and style.
        content: the cells to be.
        reading: the file, understood.
        slot: the place of the list in its object (``reading.cells`` is what is used).
        margin: the white space at the begin of the line the list starts in.
    """
    del slot
    page = _Page(template, reading, has_cell_ids(content))
    container, old_cells = reading.cells, reading.content.cells
    inner = margin_of_items(template, container, margin)
    pieces: list[Piece] = []
    for cell, partner in zip(content.cells, pair_cells(old_cells, content.cells), strict=True):
        if partner is None:
            pieces.append(Piece(_new_cell_text(page, cell, inner)))
        else:
            place = container.slots[partner]
            pieces.append(Piece(_cell_text(page, cell, old_cells[partner], place, inner), place))
    return assemble(template, container, pieces, margin)


def _cell_text(page: _Page, cell: Cell, old: Cell, place: Slot, margin: str | None) -> str:
    changes, removed = _cell_changes(page, cell, old, place)
    if not changes and not removed:
        return page.template.text[place.start : place.end]
    container = read_container(page.template.text, place.value_start)
    return edit_object(page.template, container, changes, removed, margin)


def _cell_changes(
    page: _Page, cell: Cell, old: Cell, place: Slot
) -> tuple[dict[str, Change], frozenset[str]]:
    """The members of a cell that mean something else now, and those that must go."""
    template = page.template
    changes: dict[str, Change] = {}
    if cell.cell_type != old.cell_type:
        changes = _changes_of_type(template, cell)
    if page.with_ids and not same_id(cell, old):
        changes["id"] = change_to(template, cell.id)
    if cell.source != old.source:
        changes["source"] = change_to(template, cell.source, Shape.LINES)
    if not same_meaning(cell.metadata, old.metadata):
        kept = kept_members(place.value.get("metadata"), NOT_IN_CELLS)
        changes["metadata"] = change_to(template, {**cell.metadata, **kept})
    if not same_meaning(cell.outputs, old.outputs):
        changes["outputs"] = change_to(template, list(cell.outputs), Shape.OUTPUTS)
    if cell.execution_count != old.execution_count:
        changes["execution_count"] = change_to(template, cell.execution_count)
    if not same_meaning(cell.attachments, old.attachments):
        changes["attachments"] = change_to(template, cell.attachments, Shape.ATTACHMENTS)
    removed = _fields_to_remove(cell, old)
    return {key: changes[key] for key in sorted(changes) if key not in removed}, removed


def _changes_of_type(template: Template, cell: Cell) -> dict[str, Change]:
    """A cell that becomes code needs all fields of code, also where they are empty."""
    changes = {"cell_type": change_to(template, cell.cell_type)}
    if cell.cell_type == "code":
        changes["outputs"] = change_to(template, list(cell.outputs), Shape.OUTPUTS)
        changes["execution_count"] = change_to(template, cell.execution_count)
    return changes


def _fields_to_remove(cell: Cell, old: Cell) -> frozenset[str]:
    removed: set[str] = set()
    if cell.cell_type != old.cell_type:
        if old.cell_type == "code":
            removed.update(CODE_FIELDS)
        if cell.cell_type == "code":
            removed.add("attachments")
    if old.attachments and not cell.attachments:
        removed.add("attachments")
    return frozenset(removed)


def _new_cell_text(page: _Page, cell: Cell, margin: str | None) -> str:
    style = page.template.style
    value = cell_for_file(cell, with_id=page.with_ids, as_lists=page.template.as_lists)
    if not style.sorted_keys:
        value = in_order_of(_sibling(cell, page.reading), value)
    return style.dump(value, margin)


def cell_for_file(cell: Cell, *, with_id: bool, as_lists: bool) -> dict[str, Any]:
    """A cell as nbformat writes it, keys sorted."""
    fields: dict[str, Any] = {"cell_type": cell.cell_type}
    if cell.cell_type == "code":
        fields["execution_count"] = cell.execution_count
        fields["outputs"] = for_file(list(cell.outputs), Shape.OUTPUTS, as_lists=as_lists)
    elif cell.attachments:
        fields["attachments"] = for_file(cell.attachments, Shape.ATTACHMENTS, as_lists=as_lists)
    if with_id and cell.id is not None:
        fields["id"] = cell.id
    fields["metadata"] = for_file(cell.metadata, Shape.JSON, as_lists=as_lists)
    fields["source"] = for_file(cell.source, Shape.LINES, as_lists=as_lists)
    return {key: fields[key] for key in sorted(fields)}


def _sibling(cell: Cell, reading: Reading) -> Mapping[str, Any]:
    """A cell of the file, of the same type if there is one: its order of keys is the file's."""
    slots = reading.cells.slots
    alike = (slot.value for slot in slots if slot.value["cell_type"] == cell.cell_type)
    return next(alike, slots[0].value if slots else {})


def in_order_of(model: Mapping[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """The members of an object in the order they have in another one; those it lacks come last."""
    known = {key: value[key] for key in model if key in value}
    return known | value


def kept_members(there: Any, keys: frozenset[str]) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Those members of a JSON object of the file that have one of the keys."""
    return (
        {key: there[key] for key in sorted(keys) if key in there} if isinstance(there, dict) else {}
    )
