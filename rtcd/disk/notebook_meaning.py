"""What of a notebook content belongs into a file, and when a file says all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rtcd.content import Cell, JsonObject, NotebookContent
from rtcd.disk.json_meaning import same_meaning
from rtcd.disk.notebook_reading import NOT_IN_CELLS, NOT_IN_DOCUMENTS, has_cell_ids, without
from rtcd.disk.notebook_shapes import Shape, joined

INVENTED_METADATA: Mapping[str, JsonObject] = {
    "kernelspec": {"display_name": "", "name": ""},
    "language_info": {"name": ""},
}
"""What a Jupyter server puts into the document of a notebook that has none (merging 6.1)."""


def same_notebook(
    content: NotebookContent, read: NotebookContent, *, written_over: NotebookContent | None
) -> bool:
    """Whether a file says all that a content means, apart from what the document invented.

    Args:
        content: what the file should say.
        read: what it says.
        written_over: what it said before, or None; a document invents only what was not there.
    """
    metadata = honest_metadata(content.metadata, written_over)
    return (
        (content.nbformat, content.nbformat_minor) == (read.nbformat, read.nbformat_minor)
        and len(content.cells) == len(read.cells)
        and same_meaning(metadata, read.metadata)
        and all(map(same_cell, content.cells, read.cells))
        and (not has_cell_ids(content) or all(map(same_id, content.cells, read.cells)))
    )


def same_cell(a: Cell, b: Cell) -> bool:
    """Whether two cells mean the same; their ids do not count."""
    return a is b or (
        a.source == b.source
        and a.cell_type == b.cell_type
        and a.execution_count == b.execution_count
        and same_meaning(a.metadata, b.metadata)
        and same_meaning(a.outputs, b.outputs)
        and same_meaning(a.attachments, b.attachments)
    )


def same_id(wanted: Cell, there: Cell) -> bool:
    """Whether the id in the file will do; a content without one does not ask for any."""
    return wanted.id is None or wanted.id == there.id


def without_inventions(content: NotebookContent) -> NotebookContent:
    """The content without all that has no place in a file, texts joined."""
    return replace(
        content,
        cells=tuple(map(_plain_cell, content.cells)),
        metadata=without(content.metadata, NOT_IN_DOCUMENTS),
    )


def _plain_cell(cell: Cell) -> Cell:
    is_code = cell.cell_type == "code"
    return Cell(
        cell.id,
        cell.cell_type,
        cell.source,
        without(cell.metadata, NOT_IN_CELLS),
        tuple(joined(output, Shape.OUTPUT) for output in cell.outputs) if is_code else (),
        cell.execution_count if is_code else None,
        {} if is_code else joined(cell.attachments, Shape.ATTACHMENTS),
    )


def honest_metadata(metadata: JsonObject, written_over: NotebookContent | None) -> JsonObject:
    """Notebook metadata without the entries that only the document knows of."""
    there = written_over.metadata if written_over else {}
    invented = [
        key
        for key, value in INVENTED_METADATA.items()
        if key not in there and same_meaning(metadata.get(key), value)
    ]
    return without(metadata, frozenset(invented))
