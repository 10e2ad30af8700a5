"""What is kept of a joined file: what both sides agree on, and the choices that merges made.

Theory of operation. The fresher the base, the less there is to merge after the server was lost: so
whatever disk and room have in common is marked as the base every half second while people type.
At a pause it becomes a version of the history too, under the names of those who edited since the
last one. A choice between two people's work is kept for review at once, with the whole files.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace

from rtcd.content import Content, is_same
from rtcd.disk.file_stat import Snapshot
from rtcd.merge.merged import Overlap
from rtcd.merge.replica import Replica
from rtcd.sync.ledger import Sides
from rtcd.sync.open_file import PAUSE_SECONDS, LeftBehind, OpenFile
from rtcd.sync.ports import Room

log = logging.getLogger("rtcd.sync")

REMEMBER_SECONDS = 0.5
SETTLE_SECONDS = 10.0


class Remembering:
    """Writes the ledger of one file while its room is open.

    ``own_edit``: what comes to the disk next is an edit of rtcd's own, from this source.
    """

    def __init__(self, open_file: OpenFile) -> None:
        self._open = open_file
        self.own_edit: str | None = None
        self._remembered: tuple[int, int] | None = None
        self._remembered_at = 0.0
        self._settled_at = open_file.clock()
        self._recorded_at = open_file.clock()

    @property
    def is_due(self) -> bool:
        """True when something has changed since the last version was kept."""
        return self._remembered != self._now()

    def _now(self) -> tuple[int, int]:
        return (self._open.generations.content, self._open.generations.server)

    def remember(self, room: Room, *, pause: float = PAUSE_SECONDS) -> None:
        """Keep what both sides agree on: at a pause as a version, while people type as the base."""
        it = self._open
        if it.replica is None or it.file.snapshot is None or it.unwritten():
            return
        state = self._now()
        if state == self._remembered or room.unacknowledged:
            return
        now = it.clock()
        is_pause = now - it.last_content_change >= pause
        if not is_pause and now - self._remembered_at < REMEMBER_SECONDS:
            return
        self._remembered_at = now
        if is_pause or now - self._settled_at >= SETTLE_SECONDS:
            # A kernel that prints all night makes no pause.
            self._settled_at = now
            it.replica.settle_versions()
        if is_pause:
            self._remembered = state
            self._record_live_version(it.file.snapshot)
        it.ledger.mark(
            it.file.snapshot,
            saved=not it.generations.is_unsaved,
            session_id=room.session_id,
            state_vector=it.replica.live.shared.state_vector(),
            file_id=file_id_of(room),
            server_hash=self._server_hash(it.file.snapshot, it.replica),
        )

    def _server_hash(self, snapshot: Snapshot, replica: Replica) -> str | None:
        """On a host the server's file is this very file; a guest has only the room's word."""
        return snapshot.digest if self._open.rooms.is_host else replica.live.saved_hash()

    def remember_now(self, room: Room) -> None:
        """The last word before leaving: no pause is waited for."""
        self._remembered = None
        self.remember(room, pause=0.0)

    def remember_before_own_edit(self) -> None:
        """An edit of rtcd's own is about to be made: what stands is a version, pause or not.

        Else ``undo`` of that edit would have nothing to go back to, and an edit that brings back
        the last version that was kept would be no version at all.
        """
        it = self._open
        if not self.is_due or it.replica is None or it.file.snapshot is None:
            return
        data = it.file.bytes_for(it.replica.live.content())
        digest = hashlib.sha256(data).hexdigest()
        self._record_live_version(replace(it.file.snapshot, data=data, digest=digest))

    def remember_lost_room(self) -> None:
        """The room is gone; what was received and written may be nowhere else: keep the version."""
        it = self._open
        if it.replica is not None and it.file.snapshot is not None and not it.unwritten():
            self._record_live_version(it.file.snapshot)

    def remember_base(self, base: Content) -> None:
        """What was last on disk and is there no more is a version, though no pause made it one."""
        it = self._open
        assert it.file.snapshot is not None
        if any(is_same(one.content, base) for one in it.ledger.versions_on_disk()):
            return
        data = it.file.bytes_for(base)
        digest = hashlib.sha256(data).hexdigest()
        it.ledger.record(
            replace(it.file.snapshot, data=data, digest=digest), by=self.editors(), source="room"
        )

    def remember_not_on_disk(self) -> None:
        """The room is left: what the disk could not take is for the next room, if that is another.

        The disk may be full or failing, and the server may come back without it.
        """
        it = self._open
        it.not_on_disk = None
        if it.replica is not None and it.unwritten():
            disk = None if it.file.snapshot is None else it.replica.disk_content()
            it.not_on_disk = LeftBehind(disk, it.replica.live.content())

    def editors(self) -> str:
        """Who edited in the room since the last version was kept."""
        return self._open.authors.since(self._recorded_at)

    def _record_live_version(self, snapshot: Snapshot) -> None:
        """A version that is on disk because of the room, or of an edit of rtcd's own."""
        self._meet_people()
        by, source = self.editors(), "room"
        if self.own_edit is not None:
            by, source = self._open.user, self.own_edit
        self._open.ledger.record(snapshot, by=by, source=source)
        self.own_edit = None
        self._recorded_at = self._open.clock()

    def record_conflicts(
        self,
        overlaps: Sequence[Overlap],
        disk: bytes | None,
        shared: Content | None,
        merged: Content,
        *,
        since: float,
        git: bool = False,
    ) -> None:
        """Keep choices for review with the whole files; ``since`` is when the sides parted."""
        if not overlaps:
            return
        self._meet_people()
        it = self._open
        sides = Sides(
            disk_by=it.saver(git=git),
            shared_by=it.authors.since(since),
            disk=disk,
            shared=None if shared is None else it.file.bytes_for(shared),
            merged=it.file.bytes_for(merged),
        )
        if it.ledger.record_conflicts(overlaps, sides):
            log.info("conflict recorded path=%s reason=%s", it.path, overlaps[0].reason)

    def _meet_people(self) -> None:
        if self._open.room is not None:
            self._open.authors.meet(self._open.room.people())


def file_id_of(room: Room) -> str:
    """The server's id of the file that a room is for."""
    return room.room_id.rpartition(":")[2]
