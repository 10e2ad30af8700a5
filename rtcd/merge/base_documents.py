"""CRDT documents in the states of versions, in which saves can be applied (merging 3).

The *shadow* stands where the disk stands, with one client id for all saves. An older version gets
a document of its own when it is needed, kept for the next save of the same stale editor.
"""

from __future__ import annotations

from rtcd.content import Kind
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.document import Document
from rtcd.documents.open_document import open_document
from rtcd.merge.sameness import same_content
from rtcd.merge.versions import Version, VersionRing


class BaseDocuments:
    """The shadow and the documents of older versions; versions are known by their numbers."""

    def __init__(self, kind: Kind, live: Document) -> None:
        self._kind: Kind = kind
        self._shadow = live.fork()
        self._shadow_at: int | None = None
        self._edits = 0
        self._pending_edits = -1
        self._older: dict[int, Document] = {}

    def renew(self, live: Document) -> None:
        """Throw all away, and make the shadow anew; what it stands for is not known then."""
        self._shadow = live.fork()
        self._shadow_at = None
        self._edits += 1
        self._older.clear()

    def begin(self, version: Version) -> None:
        """The shadow, as it was made, is this version."""
        self._shadow_at = version.number

    def at(self, version: Version) -> Document | None:
        """A document in the version's state that may be edited, or None: then contents decide.

        It is to be handed back with ``edited``.
        """
        if version.number == self._shadow_at:
            return self._shadow
        if version.number in self._older:
            return self._older.pop(version.number)
        if version.update is None:
            return None
        shared = SharedDoc()
        shared.apply_update(version.update)
        return open_document(self._kind, shared)

    def edited(self, document: Document, version: Version) -> None:
        """A document that ``at`` gave is this version now."""
        if document is self._shadow:
            self._shadow_at = version.number
            self._edits += 1
        else:
            self._older[version.number] = document

    def lacks(self, live: Document) -> bytes:
        """What would bring the shadow to the live state; a flush begins with it."""
        self._pending_edits = self._edits
        return live.shared.update_since(self._shadow.shared.state_vector())

    def take_flush(self, update: bytes) -> bool:
        """The flush is on disk; True when the shadow stands at just that.

        A save that was applied to the shadow in between is in there, and not in the flush.
        """
        self._shadow.shared.apply_update(update)
        self._shadow_at = None
        return self._pending_edits == self._edits

    def stand_at(self, live: Document, version: Version) -> None:
        """The live content is on disk as this version: the shadow may stand there."""
        if self._shadow_at == version.number and same_content(
            self._shadow.content(), live.content()
        ):
            return
        missing = live.shared.update_since(self._shadow.shared.state_vector())
        self._shadow.shared.apply_update(missing)
        self._edits += 1
        self._shadow_at = version.number
        version.update = None
        self.forget(version)

    def settle(self, versions: VersionRing) -> None:
        """Store as updates what is only held as documents."""
        for version in versions:
            if version.number == self._shadow_at and version.update is None:
                version.update = self._shadow.shared.update_since()
            elif version.number in self._older:
                version.update = self._older.pop(version.number).shared.update_since()
        self.forget_all_but(versions)

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
