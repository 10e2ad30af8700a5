"""One cell as a shared map: read, made, and edited in place (``YNotebook`` 2.0.0).

Whoever edits the room may put anything into it: reading takes every value as it comes and never
fails on a wrong type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rtcd.content import Cell, JsonObject
from rtcd.crdt.array import insert_items, remove_runs
from rtcd.crdt.json_map import edit_map, read_json
from rtcd.crdt.shared_types import Array, Map, Text
from rtcd.crdt.text import replace_spans
from rtcd.diff.edits import TextEdit
from rtcd.diff.json_edits import KeyEdits, storable
from rtcd.diff.notebook import CellEdit, shared_metadata
from rtcd.diff.outputs import OutputsEdit, StreamEdit, stream_text

CELL_KEYS = frozenset(
    {"id", "cell_type", "source", "metadata", "outputs", "execution_count", "attachments"}
)
"""What a ``Cell`` holds; other keys of the shared map belong to somebody else and stay."""

CODE_KEYS = ("outputs", "execution_count", "execution_state")
"""What only code cells have; JupyterLab cannot open a code cell without a list of outputs."""


def read_cell(shared: Any) -> Cell:  # noqa: ANN401 - whatever stands in the array
    """What a shared cell holds, without what belongs to the server only."""
    value = read_json(shared)
    raw: Mapping[str, Any] = value if isinstance(value, dict) else {"source": value}
    identity = raw.get("id")
    cell_type = raw.get("cell_type")
    count = raw.get("execution_count")
    return Cell(
        identity if isinstance(identity, str) else None,
        cell_type if isinstance(cell_type, str) else "raw",
        _joined(raw.get("source")),
        shared_metadata(_object(raw.get("metadata"))),
        tuple(_read_outputs(raw.get("outputs"))),
        count if isinstance(count, int) and not isinstance(count, bool) else None,
        _object(raw.get("attachments")),
    )


def _joined(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A text that may be stored as a list of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(item for item in value if isinstance(item, str))
    return ""


def _object(value: Any) -> JsonObject:  # noqa: ANN401 - any JSON value
    return value if isinstance(value, dict) else {}


def _read_outputs(value: Any) -> list[JsonObject]:  # noqa: ANN401 - any JSON value
    outputs: list[JsonObject] = []
    for output in value if isinstance(value, list) else ():
        if isinstance(output, dict):
            if output.get("output_type") == "stream" and "text" in output:
                output["text"] = _joined(output["text"])
            outputs.append(output)
    return outputs


def new_cell(cell: Cell, extra: Mapping[str, Any], trusted: Mapping[str, Any]) -> Map[Any]:
    """A shared cell, to be put into the array.

    Args:
        cell: what it holds.
        extra: other keys of the map, for a cell that moved.
        trusted: keys of the metadata that are not shared, for a cell that moved.
    """
    values: dict[str, Any] = {
        "id": cell.id,
        "cell_type": cell.cell_type,
        "source": Text(cell.source),
        "metadata": Map({**storable(cell.metadata), **trusted}),
        **extra,
    }
    if cell.cell_type == "code":
        values.setdefault("execution_state", "idle")
    if cell.cell_type == "code" or cell.outputs:
        values["outputs"] = Array(_new_outputs(cell.outputs))
    if cell.cell_type == "code" or cell.execution_count is not None:
        values["execution_count"] = cell.execution_count
    if cell.attachments:
        values["attachments"] = storable(cell.attachments)
    return Map(values)


def unshared_parts(shared: Map[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a ``Cell`` does not hold of a shared cell: other keys, and unshared metadata."""
    value = read_json(shared)
    metadata = _object(value.get("metadata"))
    seen = shared_metadata(metadata)
    return (
        {key: item for key, item in value.items() if key not in CELL_KEYS},
        {key: item for key, item in metadata.items() if key not in seen},
    )


def _new_outputs(outputs: Sequence[JsonObject]) -> list[Map[Any]]:
    return [_new_output(output) for output in outputs]


def _new_output(output: JsonObject) -> Map[Any]:
    values = storable(output)
    text = stream_text(output)
    if text is not None:
        values["text"] = Text(text)
    return Map(values)


def edit_cell(shared: Map[Any], edit: CellEdit) -> None:
    """Make the edits inside a shared cell; call it inside a transaction."""
    after = edit.after
    if edit.changes("id"):
        shared["id"] = after.id
    if edit.changes("cell_type"):
        _change_type(shared, after)
    if edit.source:
        _edit_source(shared, edit.before.source, after.source, edit.source)
    if edit.metadata:
        _edit_metadata(shared, edit.metadata)
    if edit.outputs:
        _edit_outputs(shared, after, edit.outputs)
    if edit.changes("execution_count"):
        _assign_count(shared, after)
    if edit.changes("attachments"):
        _assign_attachments(shared, after.attachments)


def _change_type(shared: Map[Any], after: Cell) -> None:
    """The map and its source stay, so that what is typed in it stays."""
    shared["cell_type"] = after.cell_type
    if after.cell_type == "code":
        if not isinstance(shared.get("outputs"), Array):
            shared["outputs"] = Array()
        if "execution_count" not in shared:
            shared["execution_count"] = after.execution_count
        if "execution_state" not in shared:
            shared["execution_state"] = "idle"
        return
    wanted = {"outputs": bool(after.outputs), "execution_count": after.execution_count is not None}
    for key in CODE_KEYS:
        if key in shared and not wanted.get(key, False):
            del shared[key]


def _edit_source(shared: Map[Any], before: str, after: str, edits: Sequence[TextEdit]) -> None:
    # Bound to a name: an augmented assignment to the item would empty the cell.
    source = shared.get("source")
    if isinstance(source, Text):
        replace_spans(source, before, edits)
    else:
        shared["source"] = Text(after)


def _edit_metadata(shared: Map[Any], edits: KeyEdits) -> None:
    metadata = shared.get("metadata")
    if not isinstance(metadata, Map):
        shared["metadata"] = metadata = Map(storable(_object(read_json(metadata))))
    edit_map(metadata, storable(edits.assigned), edits.removed)


def _edit_outputs(shared: Map[Any], after: Cell, edit: OutputsEdit) -> None:
    outputs = shared.get("outputs")
    if not isinstance(outputs, Array) or not _is_list_of_outputs(outputs):
        if outputs is not None or after.outputs:
            shared["outputs"] = Array(_new_outputs(after.outputs))
        return
    if edit.stream is not None and not _edit_stream(outputs, edit.stream):
        shared["outputs"] = Array(_new_outputs(after.outputs))
        return
    remove_runs(outputs, [(index, index + 1) for index in edit.removed])
    insert_items(outputs, len(outputs), _new_outputs(edit.added))


def _is_list_of_outputs(outputs: Array[Any]) -> bool:
    """False when something stands in the list that ``read_cell`` leaves out: places differ then."""
    return all(isinstance(output, Map | dict) for output in outputs)


def _edit_stream(outputs: Array[Any], edit: StreamEdit) -> bool:
    """Let a stream go on; False when its text is not a shared one."""
    output = outputs[edit.index]
    text = output.get("text") if isinstance(output, Map) else None
    if not isinstance(text, Text):
        return False
    current = str(text)
    replace_spans(text, current, [TextEdit(edit.keep, len(current), edit.text)])
    return True


def _assign_count(shared: Map[Any], after: Cell) -> None:
    if after.cell_type == "code" or after.execution_count is not None:
        shared["execution_count"] = after.execution_count
    elif "execution_count" in shared:
        del shared["execution_count"]


def _assign_attachments(shared: Map[Any], attachments: JsonObject) -> None:
    if attachments:
        shared["attachments"] = storable(attachments)
    elif "attachments" in shared:
        del shared["attachments"]
