"""One file's live document, the documents of its versions, and edits that are made in them.

Whatever fails half-way (the CRDT library has no way back) is thrown away: live document and shadow
are made anew from all that was received and sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rtcd.content import Content, Kind
from rtcd.diff.edits import TextEdit
from rtcd.documents.document import Document
from rtcd.errors import ApplyError
from rtcd.merge.base_documents import BaseDocuments
from rtcd.merge.sameness import same_content, same_meaning
from rtcd.merge.update_log import UpdateLog, edited
from rtcd.merge.versions import Version, VersionRing


class LiveAndShadow:
    """The documents of one file; what a save means is decided elsewhere (``Replica``).

    Attributes:
        kind: ``text`` or ``notebook``.
        live: the shared document; another object after ``rebuild``.
        versions: what was on disk, the newest last.
    """

    def __init__(self, kind: Kind, pulled: bytes) -> None:
        """Open the room's document.

        Args:
            kind: which kind of document.
            pulled: the room's whole state, as an update.

        Raises:
            UpdateRefusedError: the room's state cannot be read.
            ApplyError: the CRDT library failed on it.
        """
        self.kind: Kind = kind
        self.versions = VersionRing()
        self._log = UpdateLog(kind, pulled)
        self.live = self._log.replayed()
        self._bases = BaseDocuments(kind, self._log)

    def receive(self, update: bytes, *, own: bool = False) -> bool:
        """Take an update from the room; True when the content changed, and not only its state.

        Only what others sent, or what this replica returned before, may come in here.

        Args:
            update: as it came.
            own: it is known to be the echo of an update of this replica.

        Raises:
            UpdateRefusedError: it cannot or must not be applied; nothing changed.
            ApplyError: the CRDT library failed; live document and shadow were rebuilt without it.
        """
        before = self.live.content()
        with self._rebuilt_on_failure():
            self.live.shared.apply_update(update)
            after = self.live.content()
        length = self._log.length
        self._log.received(update, own=own)
        is_same = same_content(before, after)
        if is_same:
            self._bases.keep_up(length=length)
        return not is_same

    def mark_saved(self, digest: str) -> Sequence[bytes]:
        """Write on the live document which file is saved; returns what is to be sent."""
        updates: list[bytes] = []
        forget = self.live.shared.on_update(lambda update, _origin: updates.append(update))
        try:
            self.live.mark_saved(digest)
        finally:
            forget()
        length = self._log.length
        for update in updates:
            self._log.sent(update, self.live, None)
        self._bases.keep_up(length=length)
        return updates

    def settle_versions(self) -> None:
        """Store what is only held as a document; for idle moments, takes milliseconds per MB."""
        self._bases.settle(self.versions, self.live)
        self.versions.make_room()

    def rebuild(self) -> None:
        """Make live document and shadow anew from all that was received and sent."""
        self.live = self._log.replayed()
        self._bases.renew()

    # Edits

    def _save_on(
        self,
        document: Document,
        new: Content,
        base: Version,
        now: float,
        edits: Sequence[TextEdit] | None,
    ) -> bytes:
        """Make the edit in a document at the base's state, and bring it to the live one."""
        with self._rebuilt_on_failure():
            update = edited(document, new, frozenset(), edits)
            if update and document is not self.live:
                self.live.shared.apply_update(update)
                self.live.content()
        self._log.sent(update, document, now)
        version = self._push(new, now, own_save=True, base=base.number)
        self._bases.edited(document, version, self.live)
        return update

    def _edit_live(
        self,
        target: Content,
        *,
        touched: frozenset[str] = frozenset(),
        edits: Sequence[TextEdit] | None = None,
        now: float | None = None,
    ) -> bytes:
        with self._rebuilt_on_failure():
            update = edited(self.live, target, touched, edits)
        self._log.sent(update, self.live, now)
        return update

    # Versions

    def _newest(self) -> tuple[Content, ...]:
        newest = self.versions.newest
        return () if newest is None else (newest.content,)

    def _push(
        self,
        content: Content,
        now: float,
        *,
        own_save: bool,
        read: bool | None = None,
        base: int | None = None,
    ) -> Version:
        """A new version, or the newest once more: then its state is the shadow's from now on."""
        newest = self.versions.newest
        if newest is not None and same_meaning(newest.content, content):
            newest.content = content
            newest.update = None
            newest.own_save = newest.own_save or own_save
            self._bases.forget(newest)
            return newest
        version = self.versions.push(content, at=now, own_save=own_save, read=read, base=base)
        if len(self._bases) > 2 * self.versions.keep:
            self._bases.forget_all_but(self.versions)
        return version

    def _stand_at_live(self, version: Version) -> None:
        """The live content is on disk: the shadow may stand there."""
        with self._rebuilt_on_failure():
            self._bases.stand_at(self.live, version)

    @contextmanager
    def _rebuilt_on_failure(self) -> Iterator[None]:
        try:
            yield
        except ApplyError:
            self.rebuild()
            raise
