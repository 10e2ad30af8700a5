"""Three versions of one notebook cell into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rtcd.content import Cell, JsonObject
from rtcd.diff.json_edits import same_json
from rtcd.diff.notebook import shared_metadata
from rtcd.diff.outputs import stream_text
from rtcd.merge.merged import Overlap
from rtcd.merge.three_way_text import merge_text

ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class CellMerge:
    """The merged cell, what to record, and whether a plain CRDT merge would differ."""

    cell: Cell
    overlaps: tuple[Overlap, ...] = ()
    by_content: bool = False


def merge_cell(base: Cell, ours: Cell, theirs: Cell) -> CellMerge:
    """Merge a cell that both sides have; it keeps the id it has on the shared side."""
    for one, other in ((ours, theirs), (theirs, ours)):
        if one is base and _is_whole(other) and other.id == theirs.id:
            return CellMerge(other)
    source = merge_text(base.source, ours.source, theirs.source)
    identity = theirs.id or ours.id or base.id
    run = _merged_run(base, ours, theirs)
    type_changed = ours.cell_type != base.cell_type
    cell = Cell(
        id=identity,
        cell_type=ours.cell_type if type_changed else theirs.cell_type,
        source=source.text,
        metadata=merge_objects(
            shared_metadata(base.metadata),
            shared_metadata(ours.metadata),
            shared_metadata(theirs.metadata),
        ),
        outputs=run.outputs,
        execution_count=run.execution_count,
        attachments=merge_objects(base.attachments, ours.attachments, theirs.attachments),
    )
    if cell.cell_type != "code":
        cell = replace(cell, outputs=(), execution_count=None)
    # Two runs would be mixed letter by letter: a stream's text is a shared text.
    both_ran = not any(_same_run(*pair) for pair in ((base, ours), (base, theirs), (ours, theirs)))
    return CellMerge(cell, source.overlaps(identity), source.by_content or both_ran)


def _is_whole(cell: Cell) -> bool:
    """A cell as documents hold it: with an id, and with nothing that its type has not."""
    is_plain = cell.cell_type == "code" or not (cell.outputs or cell.execution_count)
    return cell.id is not None and is_plain and shared_metadata(cell.metadata) is cell.metadata


def merge_objects(base: JsonObject, ours: JsonObject, theirs: JsonObject) -> JsonObject:
    """Merge JSON objects key by key; where both changed a value to another, the disk's counts."""
    merged: dict[str, Any] = {}
    for key in [*theirs, *(key for key in ours if key not in theirs)]:
        value = _merged_value(*(side.get(key, ABSENT) for side in (base, ours, theirs)))
        if value is not ABSENT:
            merged[key] = value
    return merged


def latest_run(ours: Cell, theirs: Cell) -> Cell:
    """The side whose outputs stay when both ran the cell: the later run, else the shared side."""
    return ours if (ours.execution_count or 0) > (theirs.execution_count or 0) else theirs


def _merged_value(base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ANN401 - any JSON value
    if _same_value(ours, base):
        return theirs
    if _same_value(theirs, base) or _same_value(ours, theirs):
        return ours
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return merge_objects(base if isinstance(base, Mapping) else {}, ours, theirs)
    # A changed value beats a removed one.
    return theirs if ours is ABSENT else ours


def _same_value(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    if one is ABSENT or other is ABSENT:
        return one is other
    return same_json(one, other)


def _merged_run(base: Cell, ours: Cell, theirs: Cell) -> Cell:
    """The side whose outputs and execution count stay: characters of two runs are never mixed."""
    if _same_run(ours, base) or _same_run(ours, theirs):
        return theirs
    if _same_run(theirs, base):
        return ours
    if ours.execution_count == theirs.execution_count and _has_grown(theirs, ours):
        return ours
    return latest_run(ours, theirs)


def _same_run(one: Cell, other: Cell) -> bool:
    return one.execution_count == other.execution_count and same_json(one.outputs, other.outputs)


def _has_grown(old: Cell, new: Cell) -> bool:
    """The new outputs are the old ones and more: the same run, seen later."""
    if not old.outputs:
        return bool(new.outputs)
    count = len(old.outputs)
    if len(new.outputs) < count or not same_json(old.outputs[:-1], new.outputs[: count - 1]):
        return False
    last, grown = old.outputs[-1], new.outputs[count - 1]
    if same_json(last, grown):
        return True
    before, after = stream_text(last), stream_text(grown)
    return (
        before is not None
        and after is not None
        and last.get("name") == grown.get("name")
        and after.startswith(before)
    )
