"""All that came into the live document and went out, so that it can be made anew.

After a failure of the CRDT library live document and shadow are thrown away; this is what they are
made from. It also knows the echoes of our own updates, and the cells that are watched because an
edit of ours has moved or deleted them (see ``rescue``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from rtcd.content import Content, Kind
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.diff.edits import TextEdit
from rtcd.documents.document import Document
from rtcd.documents.open_document import open_document
from rtcd.merge.rescue import WATCH_SECONDS, Rescue

EMPTY_UPDATE = b"\0\0"
LARGE_BYTES = 1_000_000
SMALL_SHARE = 16
MOST_UPDATES = 1000
OWN_UPDATES = 256
"""How many echoes are known as such; an echo comes back within seconds."""


class UpdateLog:
    """Updates since a checkpoint; times are seconds, passed in."""

    def __init__(self, kind: Kind, checkpoint: bytes) -> None:
        self._kind = kind
        self._checkpoint = checkpoint
        self._updates: list[bytes] = []
        self._own: deque[bytes] = deque(maxlen=OWN_UPDATES)
        self._rescues: list[Rescue] = []

    @property
    def checkpoint(self) -> bytes:
        """The state before the first of the updates."""
        return self._checkpoint

    @property
    def length(self) -> int:
        """How many updates there are since the checkpoint."""
        return len(self._updates)

    def replayed(self, length: int | None = None, *, client_id: int | None = None) -> Document:
        """The document as the updates make it: all of them, or the first so many."""
        updates = [self._checkpoint, *self._updates[:length]]
        return _replay(self._kind, updates, client_id=client_id)

    def received(self, update: bytes, *, own: bool) -> None:
        """An update came from the room; ``own``: it is known to be an echo."""
        self._updates.append(update)
        if not own and update not in self._own:
            for rescue in self._rescues:
                rescue.feed(update)

    def sent(self, update: bytes, document: Document, now: float | None) -> None:
        """An edit in ``document`` made this update; with ``now``, cells it moved are watched."""
        if not update:
            return
        edit = getattr(document, "last_edit", None)
        if edit is not None and now is not None and (edit.deleted_ids or edit.moved_ids):
            updates = [self._checkpoint, *self._updates]
            self._rescues.append(
                Rescue(
                    lambda: _replay(self._kind, updates),
                    edit.deleted_ids | edit.moved_ids,
                    until=now + WATCH_SECONDS,
                )
            )
        self._updates.append(update)
        self._own.append(update)

    def watching(self, now: float) -> Sequence[Rescue]:
        """Edits whose moved or deleted cells somebody may still be typing in."""
        self._rescues = [one for one in self._rescues if one.until > now and not one.is_over]
        return tuple(self._rescues)

    def compact(self, live: Document) -> bool:
        """All updates become one, the state of ``live``; False where that costs more than it saves.

        A state of many megabytes is not written anew for an edit of one character.
        """
        if self._updates and not self._is_small_beside_checkpoint():
            self._checkpoint = live.shared.update_since()
            self._updates = []
        return not self._updates

    def _is_small_beside_checkpoint(self) -> bool:
        if len(self._checkpoint) < LARGE_BYTES or len(self._updates) > MOST_UPDATES:
            return False
        return sum(map(len, self._updates)) < len(self._checkpoint) // SMALL_SHARE


def _replay(kind: Kind, updates: Iterable[bytes], *, client_id: int | None = None) -> Document:
    shared = SharedDoc(client_id=client_id)
    for update in updates:
        if update:
            shared.apply_update(update)
    return open_document(kind, shared)


def edited(
    document: Document,
    target: Content,
    touched: frozenset[str],
    edits: Sequence[TextEdit] | None = None,
) -> bytes:
    """Make the edit; returns the raw update of that one transaction."""
    updates: list[bytes] = []
    state = document.shared.state_vector()
    forget: Callable[[], None] = document.shared.on_update(lambda data, _: updates.append(data))
    try:
        document.become(target, touched=touched, edits=edits)
    finally:
        forget()
    made = [update for update in updates if update != EMPTY_UPDATE]
    if len(made) > 1:
        return document.shared.update_since(state)
    return made[0] if made else b""
