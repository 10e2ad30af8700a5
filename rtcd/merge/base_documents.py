"""CRDT documents in the states of versions, in which saves can be applied (merging 3).

The *shadow* stands where the disk stands, with one client id for all saves. Mostly the live
document stands there too, and then it is the shadow: what Yjs remembers of every edit is held
once, not twice. When others have typed since, and a save comes that has not seen it, the shadow
becomes a document of its own, made from the log of updates. An older version gets a document of
its own when it is needed, kept for the next save of the same stale editor.
"""

from __future__ import annotations

from typing import Final

from rtcd.content import Kind, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.state_vector import parse_state_vector
from rtcd.documents.document import Document
from rtcd.documents.open_document import open_document
from rtcd.merge.sameness import same_content
from rtcd.merge.update_log import EMPTY_UPDATE, UpdateLog
from rtcd.merge.versions import Version, VersionRing

SPARE_UPDATES: Final = 1_000_000
"""Bytes of stored states that a small text may have; see ``_forget_largest``."""


class BaseDocuments:
    """The shadow and the documents of older versions; versions are known by their numbers.

    Args of all methods that take it: ``live`` is the live document, in the state that the log has.
    """

    def __init__(self, kind: Kind, log: UpdateLog) -> None:
        self._kind: Kind = kind
        self._log = log
        # None: the shadow is what the first so many updates of the log make.
        self._shadow: Document | None = None
        self._updates = log.length
        self._pending_updates = log.length
        self._shadow_at: int | None = None
        self._client_id: int | None = None
        self._was_needed = False
        self._edits = 0
        self._pending_edits = -1
        self._older: dict[int, Document] = {}

    def renew(self) -> None:
        """Throw all away: the shadow stands where the live document does, as no version."""
        self._shadow = None
        self._updates = self._pending_updates = self._log.length
        self._shadow_at = None
        self._edits += 1
        self._older.clear()

    def begin(self, version: Version) -> None:
        """The shadow, as it is, is this version."""
        self._shadow_at = version.number

    def at(self, version: Version, live: Document) -> Document | None:
        """A document in the version's state that may be edited, or None: then contents decide.

        It may be the live document. It is to be handed back with ``edited``.
        """
        if version.number == self._shadow_at:
            return live if self._is_live else self._shadow_of_its_own(live)
        if version.number in self._older:
            return self._older.pop(version.number)
        if version.update is None:
            return None
        shared = SharedDoc()
        shared.apply_update(version.update)
        return open_document(self._kind, shared)

    def edited(self, document: Document, version: Version, live: Document) -> None:
        """A document that ``at`` gave is this version now; the log has the edit."""
        if document is live or document is self._shadow:
            self._shadow_at = version.number
            self._edits += 1
            self._updates = self._log.length
        else:
            self._older[version.number] = document

    def keep_up(self, *, length: int) -> None:
        """What came since the log had this length changed no content: the shadow has it too."""
        if self._shadow is None and self._updates == length:
            self._updates = self._log.length

    def lacks(self, live: Document) -> bytes:
        """What would bring the shadow to the live state; a flush begins with it."""
        self._pending_edits = self._edits
        self._pending_updates = self._log.length
        if self._shadow is None:
            return EMPTY_UPDATE
        return live.shared.update_since(self._shadow.shared.state_vector())

    def take_flush(self, update: bytes) -> bool:
        """The flush is on disk; True when the shadow stands at just that.

        A save that was applied to the shadow in between is in there, and not in the flush.
        """
        if self._shadow is None:
            self._updates = max(self._updates, self._pending_updates)
        else:
            self._shadow.shared.apply_update(update)
        self._shadow_at = None
        return self._pending_edits == self._edits

    def stand_at(self, live: Document, version: Version) -> None:
        """The live content is on disk as this version: the shadow may stand there."""
        if self._shadow is None:
            self._updates = self._log.length
        elif self._shadow_at == version.number and same_content(
            self._shadow.content(), live.content()
        ):
            return
        else:
            missing = live.shared.update_since(self._shadow.shared.state_vector())
            self._shadow.shared.apply_update(missing)
        self._edits += 1
        self._shadow_at = version.number
        version.update = None
        self.forget(version)

    def settle(self, versions: VersionRing, live: Document) -> None:
        """Store as updates what is only held as documents, and make the log one update."""
        if self._shadow is None and not self._is_live:
            self._shadow_of_its_own(live)
        elif self._shadow is not None and not self._was_needed:
            self._give_up_shadow(self._shadow, live)
        self._was_needed = False
        is_one_update = self._log.compact(live)
        self._updates = self._pending_updates = self._log.length
        for version in versions:
            if version.number == self._shadow_at and version.update is None:
                shadow = self._shadow
                if shadow is not None:
                    version.update = shadow.shared.update_since()
                elif is_one_update:
                    version.update = self._log.checkpoint
            elif version.number in self._older:
                version.update = self._older.pop(version.number).shared.update_since()
        self.forget_all_but(versions)
        _forget_largest(versions)

    def forget(self, version: Version) -> None:
        """The document of that version is of no use any more."""
        self._older.pop(version.number, None)

    def forget_all_but(self, versions: VersionRing) -> None:
        """Only these versions are known any more."""
        numbers = {version.number for version in versions}
        self._older = {n: doc for n, doc in self._older.items() if n in numbers}

    def __len__(self) -> int:
        """How many documents of older versions are held."""
        return len(self._older)

    @property
    def _is_live(self) -> bool:
        """The shadow's state is that of the live document."""
        return self._shadow is None and self._updates == self._log.length

    def _shadow_of_its_own(self, live: Document) -> Document:
        self._was_needed = True
        if self._shadow is None:
            shadow = self._log.replayed(self._updates)
            if self._client_id is not None and self._may_reuse(self._client_id, shadow, live):
                shadow = self._log.replayed(self._updates, client_id=self._client_id)
            self._client_id = shadow.shared.client_id
            self._shadow = shadow
        return self._shadow

    @staticmethod
    def _may_reuse(client_id: int, shadow: Document, live: Document) -> bool:
        """Every client id is in all state vectors for ever. One that was at work before may be
        used again only where all its edits are known: else new ones would vanish (merging 2).
        """
        known, all_of_it = (
            parse_state_vector(one.shared.state_vector()).get(client_id, 0)
            for one in (shadow, live)
        )
        return known == all_of_it

    def _give_up_shadow(self, shadow: Document, live: Document) -> None:
        """From one pause to the next nobody needed it: the live document may do."""
        if self._shadow_at is not None and same_content(shadow.content(), live.content()):
            self._shadow = None
            self._updates = self._log.length


def _forget_largest(versions: VersionRing) -> None:
    """Forget stored states, the oldest first, until they are of reasonable size together.

    A state holds something of every edit ever made. Without it a save from that version is
    merged by content.
    """
    newest = versions.newest
    if newest is None:
        return
    text = newest.content.text if isinstance(newest.content, TextContent) else ""
    allowed = SPARE_UPDATES + 4 * len(text)
    for version in reversed(list(versions)):
        allowed -= len(version.update or b"")
        if allowed < 0 and version is not newest:
            version.update = None
