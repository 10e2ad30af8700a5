"""The state of one joined file, shared by the parts of its binding.

Theory of operation. A binding is made of parts (meeting, saving, writing, ...), each with one idea
and with what only that idea needs. What more than one of them needs is here, and nothing is
decided here. One worker runs the parts in turn, in one event loop, so that no part ever sees
another one half done; those who only leave word (the disk, the room, the commands) touch the
queues and the flags, and wake the worker.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from rtcd.content import Content, Kind
from rtcd.disk.file_stat import Snapshot
from rtcd.errors import RtcdError, ServerUnreachableError
from rtcd.history.history import History
from rtcd.merge.replica import Replica
from rtcd.merge.versions import Version
from rtcd.project_path import ProjectPath
from rtcd.sync.authors import Authors
from rtcd.sync.generations import Generations
from rtcd.sync.in_hand import InHand
from rtcd.sync.ledger import Ledger
from rtcd.sync.local_file import LocalFile
from rtcd.sync.merge_worker import MergeWorker
from rtcd.sync.one_way import refused
from rtcd.sync.ports import Clock, Disk, Room, Rooms
from rtcd.sync.save import Save

PAUSE_SECONDS = 0.3

REST_SECONDS = 30.0
"""Less than what a daemon stays in a quiet room: who has left it left after such a rest."""


class BindingState(Enum):
    """Where a binding is; ``MISSING``: the server has not got the file any more."""

    JOINING = "joining"
    JOINED = "joined"
    OFFLINE = "offline"
    GONE = "gone"
    MISSING = "missing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a lost room held when the disk did not have it yet; ``disk`` is what that had, if anything."""

    disk: Content | None
    room: Content


class Follower(Protocol):
    """Another file that shows the same document."""

    def hear(self, update: bytes) -> None:
        """Take an update of the document."""

    def unwritten(self) -> bool:
        """True while its disk lags behind."""


class OpenFile:
    """What the parts of a binding share.

    ``replica`` and ``room`` are there while a room is open. ``lost``: the room will take no more.
    ``gone``: the file has vanished; ``removed``: others deleted it; ``closing``: leave soon.
    ``reads_are_told``: somebody says when the file is read. ``ids_differ``: the disk has the
    content but other cell ids. ``earlier``: the versions that the last room left behind, and
    ``not_on_disk`` what it had that the disk has not got.
    ``is_awake_again``: edited after a rest, in which others may have left the room.
    ``merge_worker`` compares large saves. ``followers`` are the other files of the document. ``flushers`` wait until what is received is
    on disk.
    """

    def __init__(
        self,
        path: ProjectPath,
        kind: Kind,
        *,
        disk: Disk,
        rooms: Rooms,
        history: History,
        clock: Clock,
        on_change: Callable[[], None],
        user: str,
        in_hand: InHand,
        reads_are_told: Callable[[], bool] = lambda: True,
    ) -> None:
        self.path = path
        self.kind = kind
        self.disk = disk
        self.rooms = rooms
        self.clock = clock
        self.on_change = on_change
        self.user = user
        self.in_hand = in_hand
        self.receives_only = False
        self.rest_seconds = REST_SECONDS
        self.merge_worker: MergeWorker | None = None
        self.reads_are_told = reads_are_told
        self.file = LocalFile(path, kind, disk)
        self.ledger = Ledger(path, kind, history, clock)
        self.authors = Authors(clock)
        self.generations = Generations()
        self.replica: Replica | None = None
        self.room: Room | None = None
        self.state = BindingState.JOINING
        self.error: RtcdError | None = None
        self.saves: deque[Save] = deque()
        self.followers: list[Follower] = []
        self.flushers: list[asyncio.Future[None]] = []
        self.wake = asyncio.Event()
        self.gone = False
        self.removed = False
        self.closing = False
        self.lost = False
        self.ids_differ = False
        self.earlier: tuple[Version, ...] = ()
        self.not_on_disk: LeftBehind | None = None
        self.last_content_change = clock()
        self.is_awake_again = False

    @property
    def joined(self) -> Replica:
        """The replica, for those who work only while a room is open."""
        assert self.replica is not None
        return self.replica

    def saver(self, *, git: bool = False) -> str:
        """Who saved on disk: the folder's user, with git when it was at work."""
        return f"{self.user} ({'git' if git else 'local save'})"

    def stir(self) -> None:
        """There is work for the worker, and news for those who watch."""
        self.wake.set()
        self.on_change()

    def content_changed(self) -> None:
        """Somebody edited: a new generation, and no pause."""
        self.generations.changed()
        if self.clock() - self.last_content_change >= self.rest_seconds:
            self.is_awake_again = True
        self.last_content_change = self.clock()

    def is_at_rest(self) -> bool:
        """True when nobody has edited for a moment."""
        return self.clock() - self.last_content_change > PAUSE_SECONDS

    def unsent(self) -> bool:
        """True while something of ours is not known to be in the room."""
        if self.saves or self.state is BindingState.JOINING:
            return True
        if self.state is BindingState.OFFLINE:
            return not self._server_has_the_disk()
        return self.room is not None and self.room.unacknowledged > 0

    def _server_has_the_disk(self) -> bool:
        """True when what was on our disk last had been saved by the server, before it went away."""
        snapshot = self.file.snapshot
        if self.gone or self.removed or snapshot is None:
            return False
        return self.ledger.both_had(snapshot)

    def unwritten(self) -> bool:
        """True while something of theirs is not on our disk."""
        return self.generations.is_unwritten and self.replica is not None

    async def send(self, room: Room, update: bytes, *, made_by: Follower | None = None) -> None:
        """Hand an update to the room; when the room is gone the next one gets it by content.

        Raises:
            ServerError: the folder only receives.
        """
        if self.receives_only:
            raise refused()
        self.pass_on(update, but=made_by)
        try:
            await room.send_update(update)
        except ServerUnreachableError:
            self.lost = True

    def pass_on(self, update: bytes, *, but: Follower | None = None) -> None:
        """Tell the other files of this document, but for the one that made the update."""
        for follower in self.followers:
            if follower is not but:
                follower.hear(update)

    def everywhere_written(self) -> bool:
        """True when no file of this document lags behind."""
        return not self.unwritten() and not any(one.unwritten() for one in self.followers)

    def release_flushers(self) -> None:
        """Let go those who wait for the disk, when it has everything or cannot get it."""
        lags = self.unwritten() and self.file.hold is None
        lags = lags or any(one.unwritten() for one in self.followers)
        if lags and self.state is BindingState.JOINED:
            return
        for done in self.flushers:
            if not done.done():
                done.set_result(None)
        self.flushers.clear()

    def moved(self, new: ProjectPath) -> None:
        """The file has another name now; document and room stay."""
        self.path = new
        self.file.path = new
        self.ledger.path = new
        if self.file.snapshot is not None:
            old = self.file.snapshot
            self.file.snapshot = Snapshot(path=new, stat=old.stat, data=old.data, digest=old.digest)
