"""One file, its document and its room: the one owner of all three.

Theory of operation. A binding lives while its file is worked on. It joins the room, pulls it into
a fresh document, and meets the disk (``meeting``). From then on two things arrive: saves
(``disk_changed``) and updates from the room (``receiving``). One worker (``working``) takes them in
turn: a save is merged at its base and sent (``saving``); whatever the document holds that the disk
does not is written out (``writing``). When the room is lost, everything received is still written;
then the binding joins again with a fresh document. After a quiet minute it leaves.

This file is what the others see of it: the word they leave, what is so, and its life from join to
join. What the parts share is in ``open_file``.

Nothing here waits for a fixed time on the way of an edit.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from rtcd.content import Content, Kind
from rtcd.disk.file_stat import Snapshot
from rtcd.errors import (
    HeldError,
    NotFoundOnServerError,
    RtcdError,
    ServerRefusedError,
    ServerUnreachableError,
    UpdateRefusedError,
)
from rtcd.history.history import History
from rtcd.merge.replica import Replica
from rtcd.merge.versions import Version
from rtcd.project_path import ProjectPath
from rtcd.rooms.backoff import Backoff
from rtcd.sync.in_hand import InHand, NothingInHand
from rtcd.sync.ledger import Ledger
from rtcd.sync.merge_worker import MergeWorker
from rtcd.sync.open_file import REST_SECONDS, BindingState, OpenFile
from rtcd.sync.ports import Clock, Disk, Room, Rooms
from rtcd.sync.save import Save
from rtcd.sync.working import Working

log = logging.getLogger("rtcd.sync")

QUIET_SECONDS = 60.0
LEAVE_SOON_SECONDS = 2.0
BACKOFF = Backoff(longest=20.0)


class Binding:
    """Owns one file; all its work happens in ``run``. The other methods only leave word."""

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
        quiet_seconds: float = QUIET_SECONDS,
        user: str = "local editor",
        began: float = 0.0,
        in_hand: InHand | None = None,
        receives_only: bool = False,
        merge_worker: MergeWorker | None = None,
        reads_are_told: Callable[[], bool] = lambda: True,
    ) -> None:
        self._open = OpenFile(
            path,
            kind,
            disk=disk,
            rooms=rooms,
            history=history,
            clock=clock,
            on_change=on_change,
            user=user,
            in_hand=in_hand or NothingInHand(),
            reads_are_told=reads_are_told,
        )
        self._open.receives_only = receives_only
        self._open.merge_worker = merge_worker
        self._open.rest_seconds = min(REST_SECONDS, quiet_seconds / 2)
        self._working = Working(self._open, began=began, quiet_seconds=quiet_seconds)
        self._retry_now = asyncio.Event()
        self._refused: HeldError | None = None
        self.kind = kind
        self.file = self._open.file
        self.ended: BindingState | None = None
        self.last_local_save = 0.0

    # ------------------------------------------------------------------ word from outside

    def disk_changed(self, snapshot: Snapshot, *, git: bool = False) -> None:
        """A settled save was read."""
        self.last_local_save = self._open.clock()
        self._open.saves.append(Save(snapshot, git=git))
        self._open.gone = False
        self._open.stir()

    def take_saves(self) -> list[Save]:
        """The saves that nobody merges any more, since the binding has ended."""
        saves = list(self._open.saves)
        self._open.saves.clear()
        return saves

    def met_by_git(self) -> None:
        """What is on disk now was put there by git, on purpose."""
        self._working.meeting.by_git = True

    def late_save(self, snapshot: Snapshot) -> None:
        """A writer finished on a file that we had swapped out."""
        self._open.saves.append(Save(snapshot, displaced=True, came_first=True))
        self._working.writing.hurry()
        self._open.stir()

    def disk_unreadable(self, error: HeldError) -> None:
        """The file is there and cannot be shared as it is."""
        self.file.hold = error
        self._open.on_change()

    def disk_gone(self) -> None:
        """The file has vanished and stayed away."""
        self._open.gone = True
        self._open.stir()

    def removed_remotely(self) -> None:
        """The server's file was deleted by somebody else."""
        self._open.removed = True
        self._retry_now.set()
        self._open.stir()

    def file_read(self) -> None:
        """Somebody else read the file."""
        self._working.writing.file_read()

    def reads_were_missed(self) -> None:
        """The watcher was gone for a while, or is gone now."""
        if self._open.replica is not None:
            self._open.replica.watch_reads(self._open.reads_are_told())

    def moved(self, new: ProjectPath) -> None:
        """The file has another name now; document and room stay."""
        self._open.moved(new)

    async def flush(self) -> None:
        """Returns when everything received until now is on disk, or cannot get there."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open.flushers.append(done)
        self._working.writing.hurry()
        self._open.stir()
        await done

    async def ask_for_save(self) -> None:
        """Ask a server that saves by itself to do it now."""
        await self._working.server_saves.ask()

    async def edit(self, change: Callable[[Content], Content], source: str = "restore") -> None:
        """Make an edit of rtcd's own (a restored version, a settled conflict) in the document.

        ``change`` gets the live content and gives the wanted one; ``source`` is that of the
        version that comes of it. Returns when it is sent and on disk.

        Raises:
            RtcdError: it could not be made; nothing was changed.
        """
        done = self._working.own_edits.ask(change, source)
        self._retry_now.set()
        self._open.stir()
        await done

    def came_from(self, content: Content) -> None:
        """What is on disk was made from this content, whatever was there before; before ``run``."""
        self._open.earlier = (Version(0, content, None, False, None, self._open.clock()),)

    def remember_in(self, ledger: Ledger) -> None:
        """Keep the memory of this file elsewhere; before ``run``."""
        self._open.ledger = ledger

    def retry(self) -> None:
        """The server is back, or the daemon stops: do not wait for the next attempt."""
        self._retry_now.set()

    def replaced_remotely(self) -> None:
        """The server's file was deleted and is there again: the room is that of the old one."""
        if self._open.room is not None:
            self._open.lost = True
            self._open.stir()

    def leave_soon(self) -> None:
        """Many other files wait: leave the room when it was quiet for a moment."""
        if self._working.quiet_seconds > LEAVE_SOON_SECONDS:
            self._working.quiet_seconds = LEAVE_SOON_SECONDS
            self._open.stir()

    def close(self) -> None:
        """Write what is left, then leave."""
        self._open.closing = True
        self._retry_now.set()
        self._open.stir()

    # ------------------------------------------------------------------ what is so, for status

    @property
    def working(self) -> Working:
        """The work on the file, for those who add to it."""
        return self._working

    @property
    def path(self) -> ProjectPath:
        """The file's name now."""
        return self._open.path

    @property
    def state(self) -> BindingState:
        """Where the binding is; ``ended`` says how it came to be closed."""
        return self._open.state

    @property
    def hold(self) -> HeldError | None:
        """Why the file is left alone; of a room that was refused until it is entered again.

        Each try to enter it begins with another look at the file, which is well.
        """
        is_in_room = self.state is BindingState.JOINED
        return self.file.hold or (None if is_in_room else self._refused)

    @property
    def error(self) -> RtcdError | None:
        """Why no room is open, where there is a reason."""
        return self._open.error

    @property
    def room(self) -> Room | None:
        """The open room."""
        return self._open.room

    @property
    def replica(self) -> Replica | None:
        """The document, while a room is open."""
        return self._open.replica

    @property
    def is_absent(self) -> bool:
        """True for a file that was deleted while its work goes on."""
        return False

    @property
    def last_change(self) -> float:
        """When somebody edited last, or the binding began; seconds since the epoch."""
        return self._open.last_content_change

    @property
    def is_joining(self) -> bool:
        """True until the room was met for the first time."""
        return self.state is BindingState.JOINING

    @property
    def is_live(self) -> bool:
        """True while a room is open."""
        return self.state is BindingState.JOINED

    def unsent(self) -> bool:
        """True while something of ours is not known to be in the room."""
        return self._open.unsent()

    def unwritten(self) -> bool:
        """True while something of theirs is not on our disk."""
        return self._open.unwritten()

    def unsaved(self) -> bool:
        """True while the server has not saved what we have sent."""
        return self._open.generations.is_unsaved

    # ------------------------------------------------------------------ the life of a binding

    async def run(self) -> None:
        """Join, work, join again; returns when closed, quiet, or the file is gone."""
        it = self._open
        attempt = 0
        while not it.closing:
            try:
                it.state = BindingState.JOINING
                # Whether it was deleted before now is what the answer tells.
                it.removed = False
                room = await it.rooms.join(it.path, it.kind)
                attempt = 0
                it.error = None
                await self._working.stay(room)
            except NotFoundOnServerError:
                if not await self._create_on_server():
                    break
                attempt += 1
            except (ServerRefusedError, ServerUnreachableError, RtcdError) as error:
                self._go_offline(error)
                attempt += 1
            if self.state in (BindingState.GONE, BindingState.MISSING, BindingState.CLOSED):
                break
            if attempt:
                await self._pause(BACKOFF.delay(attempt, random.random()))
        self.ended = it.state
        it.state = BindingState.CLOSED
        self._working.own_edits.refuse()
        it.release_flushers()
        it.on_change()

    async def _pause(self, seconds: float) -> None:
        self._retry_now.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._retry_now.wait()
        except TimeoutError:
            pass

    def _go_offline(self, error: RtcdError) -> None:
        it = self._open
        it.state = BindingState.OFFLINE
        it.error = error
        if isinstance(error, UpdateRefusedError):
            self._refused = self.file.hold = HeldError(
                f"the shared document of {it.path} holds what rtcd must not take in: {error}",
                hint="A program in its room sent it. Give the file another name on the server.",
                code=error.code,
            )
        log.info("room not joined path=%s reason=%s", it.path, error)
        self._working.own_edits.refuse()
        it.release_flushers()
        it.on_change()

    async def _create_on_server(self) -> bool:
        it = self._open
        content = await it.file.look(known_size=it.ledger.known_size())
        if it.file.snapshot is None or content is None:
            if it.file.hold is None:
                it.state = BindingState.GONE
                return False
            return not it.closing
        if not it.rooms.is_host and it.ledger.both_had(it.file.snapshot):
            # Deleted there, or renamed, and the word of it is on its way: nothing to create.
            it.state = BindingState.MISSING
            return False
        try:
            await it.rooms.create(it.path, it.file.snapshot.data)
        except RtcdError as error:
            if error.code != "exists":
                self._go_offline(error)
        return True
