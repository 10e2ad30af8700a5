"""One side deleted the file: the other follows, unless somebody has edited it since.

Theory of operation. An edit beats a deletion, because what was edited cannot be had again and what
was deleted wrongly can be deleted again. Where both happened the file stays (or comes back), and a
record for review tells of the deletion.
"""

from __future__ import annotations

import logging

from rtcd.merge.merged import Overlap
from rtcd.merge.replica import Replica
from rtcd.sync.choices import text_of
from rtcd.sync.open_file import BindingState, OpenFile
from rtcd.sync.ports import Room
from rtcd.sync.remembering import Remembering
from rtcd.sync.writing import Writing

log = logging.getLogger("rtcd.sync")


class Removing:
    """Carries deletions of one joined file over, in both directions."""

    def __init__(self, open_file: OpenFile, writing: Writing, remembering: Remembering) -> None:
        self._open = open_file
        self._writing = writing
        self._remembering = remembering

    async def follow_removal(self, room: Room) -> bool:
        """Others deleted the file: so do we, unless somebody has edited it since."""
        it = self._open
        it.removed = False
        await self._writing.write_out(room)
        is_edited = bool(it.saves) or it.file.hold is not None or not it.is_at_rest()
        if not is_edited and it.file.snapshot is not None:
            it.ledger.record(it.file.snapshot, by=self._remembering.editors(), source="room")
            surprise = await it.file.remove()
            is_edited = surprise is not None
        if not is_edited:
            it.state = BindingState.GONE
            return True
        log.info("edit beats deletion path=%s", it.path)
        if it.replica is not None:
            self._record_deletion(it.replica, by_disk=False)
        if it.file.snapshot is not None:
            await it.rooms.create(it.path, it.file.snapshot.data)
        it.lost = True
        return False

    async def file_is_gone(self) -> bool:
        """The file vanished: an edit by others brings it back, else the deletion is carried on."""
        it = self._open
        if it.receives_only:
            # The server's file is not ours to delete: it comes back.
            it.gone = False
            it.file.snapshot = None
            it.content_changed()
            return False
        if it.unwritten() or it.saves:
            self._record_deletion(it.joined, by_disk=True)
            it.gone = False
            it.file.snapshot = None
            # Deleted through the server it has another room from now on, when it is written again.
            it.lost = it.lost or it.rooms.is_host
            return False
        if it.file.snapshot is not None:
            it.ledger.record(it.file.snapshot, by=self._remembering.editors(), source="room")
        await it.rooms.delete(it.path)
        it.state = BindingState.GONE
        return True

    def _record_deletion(self, replica: Replica, *, by_disk: bool) -> None:
        """One side deleted the file that the other edited: the edit stays, the record tells."""
        before, live = replica.disk_content(), replica.live.content()
        texts = ("", text_of(live)) if by_disk else (text_of(live), "")
        overlap = Overlap(None, text_of(before), *texts, text_of(live), "delete-edit")
        data = self._open.file.bytes_for(live)
        self._remembering.record_conflicts(
            (overlap,), None if by_disk else data, live if by_disk else None, live, since=0.0
        )
