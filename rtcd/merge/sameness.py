"""When two contents mean the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from operator import is_not

from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.diff.json_edits import same_json
from rtcd.diff.notebook import shared_metadata

FIRST_MINOR_WITH_IDS = 5
"""nbformat 4.5 is the first that writes cell ids into files."""


def same_meaning(one: Content, other: Content) -> bool:
    """Equal but for cell ids, which some editors make anew on every save."""
    return _same(one, other, ids=False)


def same_file(disk: Content, shared: Content) -> bool:
    """Equal as files: cell ids count where the format writes them."""
    has_ids = isinstance(shared, NotebookContent) and shared.nbformat_minor >= FIRST_MINOR_WITH_IDS
    return _same(disk, shared, ids=has_ids)


def _same(one: Content, other: Content, *, ids: bool) -> bool:
    if one is other:
        return True
    if isinstance(one, TextContent) or isinstance(other, TextContent):
        return one == other
    return (
        len(one.cells) == len(other.cells)
        and (one.nbformat, one.nbformat_minor) == (other.nbformat, other.nbformat_minor)
        and all(
            same_cell_meaning(left, right) and (not ids or left.id == right.id)
            for left, right in _other_objects(one.cells, other.cells)
        )
        and same_json(one.metadata, other.metadata)
    )


def _other_objects(one: Sequence[Cell], other: Sequence[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """The pairs at one place that are not one object; of a thousand cells mostly a few."""
    return compress(zip(one, other, strict=True), map(is_not, one, other))


def same_cell_meaning(one: Cell, other: Cell) -> bool:
    """Equal but for the id, and for metadata that is not shared."""
    return one is other or (
        one.cell_type == other.cell_type
        and one.source == other.source
        and one.execution_count == other.execution_count
        and same_json(shared_metadata(one.metadata), shared_metadata(other.metadata))
        and same_json(one.attachments, other.attachments)
        and same_json(one.outputs, other.outputs)
    )


def only_outputs_differ(one: Content, other: Content) -> bool:
    """True when nothing differs but what kernels write: outputs, and the counts of executions."""
    if isinstance(one, TextContent) or isinstance(other, TextContent):
        return False
    return (
        len(one.cells) == len(other.cells)
        and (one.nbformat, one.nbformat_minor) == (other.nbformat, other.nbformat_minor)
        and all(
            left.id == right.id
            and left.cell_type == right.cell_type
            and left.source == right.source
            and same_json(shared_metadata(left.metadata), shared_metadata(right.metadata))
            and same_json(left.attachments, right.attachments)
            for left, right in _other_objects(one.cells, other.cells)
        )
        and same_json(one.metadata, other.metadata)
    )


def same_content(one: Content, other: Content) -> bool:
    """Equal in everything a document holds, cell ids included."""
    return _same(one, other, ids=True)
