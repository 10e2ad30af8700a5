"""What somebody types into a cell while a save moves or deletes it (merging 6.4).

A move is a deletion and a copy, and an edit of the deleted cell that arrives later is lost in Yjs.
So a document is kept at the state without the move, and fed with what others send: where a cell
changes there, the change is made again on the copy, and a deleted cell comes back. Only the one
who moved or deleted does this, so it happens once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.diff.json_edits import diff_keys, same_json
from rtcd.diff.notebook import NotebookEdit
from rtcd.documents.notebook_document import NotebookDocument
from rtcd.documents.text_document import TextDocument

RESCUE_ORIGIN = "rescue"


@dataclass(frozen=True, slots=True)
class Rescued:
    """A change of a cell that is no longer where it was changed.

    ``before`` and ``after`` are the cell around the change, ``previous`` the ids of the cells that
    stood before it, nearest first.
    """

    before: Cell
    after: Cell
    previous: tuple[str, ...]
    deleted: bool


class Rescue:
    """Watches the cells that one edit moved or deleted, in a document where they still stand.

    It is to be dropped after some minutes: what is under way for longer is not typing.
    """

    def __init__(self, before: NotebookDocument, edit: NotebookEdit) -> None:
        """Start to watch.

        Args:
            before: a document in the state before the edit; it is forked.
            edit: what was done, see ``NotebookDocument.last_edit``.
        """
        self._document = before.fork()
        self._deleted = edit.deleted_ids
        self._watched = edit.deleted_ids | edit.moved_ids
        self._seen = _by_id(self._document.content())

    def feed(self, update: bytes) -> tuple[Rescued, ...]:
        """Take what others did and tell what has to be made again.

        Args:
            update: a raw update of others as it came from the room. Never one that was computed
                from a document which has the edit: it would carry the deletion along.
        """
        self._document.shared.apply_update(update)
        content = self._document.content()
        rescued = tuple(self._changes(content))
        self._seen = _by_id(content)
        return rescued

    def _changes(self, content: NotebookContent) -> Iterator[Rescued]:
        previous: list[str] = []
        for cell in content.cells:
            before = self._seen.get(cell.id) if cell.id in self._watched else None
            deleted = cell.id in self._deleted
            if before is not None and _is_worth(before, cell, deleted=deleted):
                yield Rescued(before, cell, tuple(reversed(previous)), deleted)
            if cell.id is not None:
                previous.append(cell.id)


def replay(document: NotebookDocument, rescued: Rescued, *, origin: str = RESCUE_ORIGIN) -> bool:
    """Make a rescued change again in the document that has the move; True when it changed.

    Raises:
        ApplyError: the document does not hold the result; throw it away.
    """
    content = document.content()
    places = {cell.id: place for place, cell in enumerate(content.cells)}
    place = places.get(rescued.after.id)
    cells = list(content.cells)
    if place is not None:
        cells[place] = _with_change(cells[place], rescued)
    elif rescued.deleted:
        after = (places[cell_id] + 1 for cell_id in rescued.previous if cell_id in places)
        cells.insert(next(after, 0), rescued.after)
    else:
        # Somebody deleted the copy, and has seen it: that stands.
        return False
    before = document.shared.state_vector()
    document.become(replace(content, cells=tuple(cells)), origin=origin)
    return document.shared.state_vector() != before


def _is_worth(before: Cell, after: Cell, *, deleted: bool) -> bool:
    """True for a change to be kept; outputs of a kernel do not bring a deleted cell back."""
    if before is after:
        return False
    typed = before.source != after.source or before.cell_type != after.cell_type
    described = not (
        same_json(before.metadata, after.metadata)
        and same_json(before.attachments, after.attachments)
    )
    ran = before.execution_count != after.execution_count or not same_json(
        before.outputs, after.outputs
    )
    return typed or described or (ran and not deleted)


def _with_change(cell: Cell, rescued: Rescued) -> Cell:
    """The copy with the change made again; what the change left alone stays as the copy has it."""
    before, after = rescued.before, rescued.after
    keys = diff_keys(before.metadata, after.metadata)
    metadata = {key: value for key, value in cell.metadata.items() if key not in keys.removed}
    ran = before.execution_count != after.execution_count
    return replace(
        cell,
        source=_merged_text(before.source, cell.source, after.source),
        cell_type=cell.cell_type if before.cell_type == after.cell_type else after.cell_type,
        metadata={**metadata, **keys.assigned},
        outputs=cell.outputs if same_json(before.outputs, after.outputs) else after.outputs,
        execution_count=after.execution_count if ran else cell.execution_count,
        attachments=cell.attachments
        if same_json(before.attachments, after.attachments)
        else after.attachments,
    )


def _merged_text(base: str, ours: str, theirs: str) -> str:
    """Both changes of one text, merged as two people's typing."""
    if base == ours or ours == theirs:
        return theirs
    if base == theirs:
        return ours
    one = TextDocument(SharedDoc())
    one.become(TextContent(base))
    other = one.fork()
    one.become(TextContent(ours))
    other.become(TextContent(theirs))
    one.shared.apply_update(other.shared.update_since(one.shared.state_vector()))
    return one.content().text


def _by_id(content: NotebookContent) -> dict[str | None, Cell]:
    return {cell.id: cell for cell in content.cells}
