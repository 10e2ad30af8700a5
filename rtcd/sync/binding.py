"""One file, its document and its room: the one owner of all three.

Theory of operation. A binding lives while its file is worked on. It joins the room, pulls it into
a fresh document, and meets the disk: ``reconcile.plan_join`` decides, this file carries out. From
then on two things arrive: saves (``disk_changed``) and updates from the room. Both are taken by
one worker in turn: a save is merged at its base and sent; whatever the document holds that the
disk does not is written out. When the room is lost, everything received is still written; then
the binding joins again with a fresh document. After a quiet minute it leaves.

Nothing here waits for a fixed time on the way of an edit.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from rtcd.conflict import Side
from rtcd.content import Content, Kind, NotebookContent, TextContent
from rtcd.disk.file_stat import Snapshot
from rtcd.errors import (
    ApplyError,
    HeldError,
    NotFoundOnServerError,
    RtcdError,
    ServerRefusedError,
    ServerUnreachableError,
)
from rtcd.history.history import History
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica, SaveOutcome
from rtcd.merge.three_way import merge_contents
from rtcd.merge.versions import Version
from rtcd.project_path import ProjectPath
from rtcd.rooms.backoff import Backoff
from rtcd.rooms.events import AwarenessChanged, RoomClosed, RoomUpdated
from rtcd.sync.ledger import Ledger, text_of
from rtcd.sync.local_file import LocalFile
from rtcd.sync.ports import Clock, Disk, Room, Rooms
from rtcd.sync.reconcile import JoinAction, plan_join

log = logging.getLogger("rtcd.sync")

QUIET_SECONDS = 60.0
PAUSE_SECONDS = 0.3
HELD_RETRY_SECONDS = 5.0
SAVE_REQUEST_SECONDS = 0.5
VANISHED_RETRY_SECONDS = 0.02
WRITE_DUTY = 8
MAX_WRITE_GAP_SECONDS = 1.0
LOCAL = "local editor"
BACKOFF = Backoff(longest=20.0)


class BindingState(Enum):
    """Where a binding is."""

    JOINING = "joining"
    JOINED = "joined"
    OFFLINE = "offline"
    GONE = "gone"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Save:
    """Bytes that somebody else put on disk."""

    snapshot: Snapshot
    displaced: bool = False
    git: bool = False


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
    ) -> None:
        self.path = path
        self.kind = kind
        self.file = LocalFile(path, kind, disk)
        self.ledger = Ledger(path, kind, history, clock)
        self.state = BindingState.JOINING
        self.ended: BindingState | None = None
        self.error: RtcdError | None = None
        self.replica: Replica | None = None
        self.room: Room | None = None
        self._disk = disk
        self._rooms = rooms
        self._clock = clock
        self._on_change = on_change
        self._quiet_seconds = quiet_seconds
        self._saves: deque[Save] = deque()
        self._wake = asyncio.Event()
        self._flushers: list[asyncio.Future[None]] = []
        self._edits: deque[tuple[Callable[[Content], Content], asyncio.Future[None]]] = deque()
        self._gone = False
        self._removed = False
        self._closing = False
        self._lost = False
        self._last_content_change = clock()
        self._last_write_seconds = 0.0
        self._next_write = 0.0
        self._retry_at: float | None = None
        self._generation = 0
        self._disk_generation = -1
        self._server_generation = -1
        self._remembered: tuple[int, int] | None = None
        self._retry_now = asyncio.Event()
        self._seen_hash: str | None = None
        self._autosave = True
        self._ids_differ = False
        self._earlier: tuple[Version, ...] = ()
        self._asked_for_save = 0.0
        self.last_local_save = 0.0

    # ------------------------------------------------------------------ word from outside

    def disk_changed(self, snapshot: Snapshot, *, git: bool = False) -> None:
        """A settled save was read."""
        self.last_local_save = self._clock()
        self._saves.append(Save(snapshot, git=git))
        self._gone = False
        self._stir()

    def late_save(self, snapshot: Snapshot) -> None:
        """A writer finished on a file that we had swapped out."""
        self._saves.append(Save(snapshot, displaced=True))
        self._stir()

    def disk_unreadable(self, error: HeldError) -> None:
        """The file is there and cannot be shared as it is."""
        self.file.hold = error
        self._on_change()

    def disk_gone(self) -> None:
        """The file has vanished and stayed away."""
        self._gone = True
        self._stir()

    def removed_remotely(self) -> None:
        """The server's file was deleted by somebody else."""
        self._removed = True
        self._retry_now.set()
        self._stir()

    def file_read(self) -> None:
        """Somebody else read the file."""
        if self.replica is not None:
            self.replica.mark_read(self._clock())

    def moved(self, new: ProjectPath) -> None:
        """The file has another name now; document and room stay."""
        self.path = new
        self.file.path = new
        self.ledger.path = new
        if self.file.snapshot is not None:
            old = self.file.snapshot
            self.file.snapshot = Snapshot(path=new, stat=old.stat, data=old.data, digest=old.digest)

    async def flush(self) -> None:
        """Returns when everything received until now is on disk, or cannot get there."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flushers.append(done)
        self._next_write = 0.0
        self._stir()
        await done

    async def ask_for_save(self) -> None:
        """Ask a server that saves by itself to do it now."""
        if self.room is None or self._rooms.is_host or self._lost or self.unsent():
            return
        now = self._clock()
        if self.unsaved() and now - self._asked_for_save > SAVE_REQUEST_SECONDS:
            self._asked_for_save = now
            await self.room.request_save()

    async def edit(self, change: Callable[[Content], Content]) -> None:
        """Make an edit of rtcd's own (a restored version, a settled conflict) in the document.

        ``change`` gets the live content and gives the wanted one. Returns when it is sent and on
        disk.

        Raises:
            RtcdError: it could not be made; nothing was changed.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._edits.append((change, done))
        self._retry_now.set()
        self._stir()
        await done

    def close(self) -> None:
        """Write what is left, then leave."""
        self._closing = True
        self._retry_now.set()
        self._stir()

    def _stir(self) -> None:
        self._wake.set()
        self._on_change()

    # ------------------------------------------------------------------ what is so, for status

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
        if self._saves or self.state in (BindingState.JOINING, BindingState.OFFLINE):
            return True
        return self.room is not None and self.room.unacknowledged > 0

    def unwritten(self) -> bool:
        """True while something of theirs is not on our disk."""
        return self._generation != self._disk_generation and self.replica is not None

    def unsaved(self) -> bool:
        """True while the server has not saved what we have sent."""
        return self._server_generation != self._generation

    # ------------------------------------------------------------------ the life of a binding

    async def run(self) -> None:
        """Join, work, join again; returns when closed, quiet, or the file is gone."""
        attempt = 0
        while not self._closing:
            try:
                self.state = BindingState.JOINING
                room = await self._rooms.join(self.path, self.kind)
                attempt = 0
                self.error = None
                await self._stay(room)
            except NotFoundOnServerError:
                if not await self._create_on_server():
                    break
                attempt += 1
            except (ServerRefusedError, ServerUnreachableError, RtcdError) as error:
                self._go_offline(error)
                attempt += 1
            if self.state in (BindingState.GONE, BindingState.CLOSED):
                break
            if attempt:
                await self._pause(BACKOFF.delay(attempt, random.random()))
        self.ended = self.state
        self.state = BindingState.CLOSED
        self._refuse_edits()
        self._release_flushers()
        self._on_change()

    async def _pause(self, seconds: float) -> None:
        self._retry_now.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._retry_now.wait()
        except TimeoutError:
            pass

    def retry(self) -> None:
        """The server is back, or the daemon stops: do not wait for the next attempt."""
        self._retry_now.set()

    def _go_offline(self, error: RtcdError) -> None:
        self.state = BindingState.OFFLINE
        self.error = error
        log.info("room not joined path=%s reason=%s", self.path, error)
        self._refuse_edits()
        self._release_flushers()
        self._on_change()

    async def _create_on_server(self) -> bool:
        content = await self.file.look()
        if self.file.snapshot is None or content is None:
            if self.file.hold is None:
                self.state = BindingState.GONE
                return False
            return not self._closing
        await self._rooms.create(self.path, self.file.snapshot.data)
        return True

    async def _stay(self, room: Room) -> None:
        """From the pulled room to its loss."""
        self.room = room
        self._lost = False
        content = await self.file.look()
        # The look has seen every save that is on disk; those that were swapped out are only here.
        self._saves = deque(save for save in self._saves if save.displaced)
        self.replica = Replica(
            self.kind, room.pulled, disk=content, now=self._clock(), earlier=self._earlier
        )
        self._generation += 1
        self._seen_hash = self.replica.live.saved_hash()
        try:
            async with asyncio.TaskGroup() as tasks:
                receiver = tasks.create_task(self._receive(room))
                try:
                    await self._work(room, content)
                finally:
                    receiver.cancel()
        except* RtcdError as group:
            raise group.exceptions[0] from group
        finally:
            await room.close()
            self._earlier = tuple(self.replica.versions)
            self.replica = None
            self.room = None

    # ------------------------------------------------------------------ the room's side

    async def _receive(self, room: Room) -> None:
        async for event in room.events():
            match event:
                case RoomUpdated():
                    self._take_update(event)
                case AwarenessChanged():
                    await self._mirror_autosave(room)
                    self._on_change()
                case RoomClosed():
                    log.info("room lost path=%s reason=%s", self.path, event.reason)
                    break
        self._lost = True
        self._stir()

    def _take_update(self, event: RoomUpdated) -> None:
        assert self.replica is not None
        if not event.own and self.replica.receive(event.update):
            self._generation += 1
            self._last_content_change = self._clock()
        self._note_server_save()
        self._stir()

    def _note_server_save(self) -> None:
        """A new ``state.hash`` is the server's word that it saved; trust it for content at rest."""
        assert self.replica is not None
        saved = self.replica.live.saved_hash()
        if self._rooms.is_host or saved is None or not self.unsaved():
            return
        content = self.replica.live.content()
        if isinstance(content, TextContent):
            is_saved = saved == hashlib.sha256(content.text.encode()).hexdigest()
        else:
            at_rest = self._clock() - self._last_content_change > PAUSE_SECONDS
            is_saved = saved != self._seen_hash and at_rest
        if is_saved:
            self._server_generation = self._generation
        self._seen_hash = saved

    async def _mirror_autosave(self, room: Room) -> None:
        """Never switch on a saving that all people in the room have switched off."""
        flags = [p.autosave for p in room.people() if p.client != "rtcd" and p.autosave is not None]
        wanted = any(flags) if flags else True
        if wanted != self._autosave:
            self._autosave = wanted
            with contextlib.suppress(ServerUnreachableError):
                await room.set_awareness(self._rooms.awareness(autosave=wanted))

    # ------------------------------------------------------------------ the worker

    async def _work(self, room: Room, disk: Content | None) -> None:
        await self._meet(room, disk)
        self.state = BindingState.JOINED
        while True:
            await self._take_saves(room)
            await self._take_edits(room)
            await self._mend(room)
            if self._removed and await self._follow_removal(room):
                return
            if self._gone and await self._file_is_gone():
                return
            await self._write_out(room)
            self._remember(room)
            self._release_flushers()
            self._on_change()
            if self._lost or self._closing or self._is_quiet(room):
                break
            await self._wait_for_word()
        if self._closing or not self._lost:
            await self._settle_down(room)
            self.state = BindingState.CLOSED

    async def _wait_for_word(self) -> None:
        timeout = self._seconds_to_next_chore()
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _seconds_to_next_chore(self) -> float:
        now = self._clock()
        if self._retry_at is not None:
            return max(0.01, self._retry_at - now)
        if self.unwritten() and self._next_write > now:
            return self._next_write - now
        if self._remembered != (self._generation, self._server_generation):
            return PAUSE_SECONDS
        return max(0.05, self._quiet_seconds - (now - self._last_content_change) + 0.05)

    def _is_quiet(self, room: Room) -> bool:
        others = any(person.client != "rtcd" for person in room.people())
        return (
            not others
            and not self._gone
            and not self.unsent()
            and not self.unwritten()
            and not self.unsaved()
            and self._clock() - self._last_content_change >= self._quiet_seconds
        )

    async def _settle_down(self, room: Room) -> None:
        """Before leaving on purpose: the room has everything, and what it has is remembered."""
        for _ in range(200):
            if self._lost or (not room.unacknowledged and not self.unwritten()):
                break
            await self._take_saves(room)
            await self._write_out(room)
            await asyncio.sleep(0.01)
        self._remembered = None
        self._remember(room, pause=0.0)

    # ------------------------------------------------------------------ meeting the disk

    async def _meet(self, room: Room, disk: Content | None) -> None:
        assert self.replica is not None
        if self.file.hold is not None:
            return
        theirs = self.replica.live.content()
        state = self.replica.live.shared.state_vector()
        base_bytes, continues = self.ledger.base_bytes(room.session_id, state)
        base = self.file.content_of(base_bytes) if base_bytes is not None else None
        plan = plan_join(base, disk, theirs)
        log.debug(
            "room met path=%s action=%s continues=%s", self.path, plan.action.value, continues
        )
        if plan.action is not JoinAction.WRITE and not self.replica.live.is_dirty():
            self._server_generation = self._generation
        if plan.action is JoinAction.LINK:
            self._disk_generation = self._generation
        elif plan.action is JoinAction.REMOVE:
            self._disk_generation = self._generation
            self._gone = True
        elif plan.action in (JoinAction.SEND, JoinAction.MERGE):
            assert disk is not None
            assert self.file.snapshot is not None
            data = self.file.snapshot.data
            self.ledger.record(self.file.snapshot, by=LOCAL, source="disk")
            if continues:
                await self._bring(room, base, disk, data)
            else:
                async with self._rooms.exclusive(_file_id(room)):
                    await self._bring(room, base, disk, data)
                    await self._until_acknowledged(room)

    async def _bring(self, room: Room, base: Content | None, disk: Content, data: bytes) -> None:
        """Bring the disk's edits into the room, merged at the base."""
        assert self.replica is not None
        merged = merge_contents(base, disk, self.replica.live.content())
        self.ledger.record_overlaps(
            merged.overlaps, disk_by=LOCAL, shared_by=self._others(), disk_bytes=data
        )
        update = self.replica.reconcile(merged.content)
        if update:
            self._generation += 1
            await self._send(room, update)

    async def _send(self, room: Room, update: bytes) -> None:
        """Hand an update to the room; when the room is gone the next one gets it by content."""
        try:
            await room.send_update(update)
        except ServerUnreachableError:
            self._lost = True

    async def _until_acknowledged(self, room: Room) -> None:
        while room.unacknowledged and not self._lost:
            self._wake.clear()
            try:
                async with asyncio.timeout(0.05):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _others(self) -> str:
        names = [f"{p.name} ({p.client})" for p in self.room.people()] if self.room else []
        return ", ".join(sorted(set(names))) or "the shared document"

    # ------------------------------------------------------------------ saves

    async def _take_saves(self, room: Room) -> None:
        while self._saves:
            save = self._saves.popleft()
            await self._take_save(room, save)

    async def _take_save(self, room: Room, save: Save) -> None:
        assert self.replica is not None
        known = self.file.snapshot
        if save.displaced:
            content = self.file.content_of(save.snapshot.data)
        elif known is not None and save.snapshot.digest == known.digest:
            self.file.hold = None
            self.file.snapshot = save.snapshot
            return
        else:
            content = self.file.accept(save.snapshot)
        self.ledger.record(save.snapshot, by=LOCAL, source="disk")
        if content is None:
            return
        await self._merge_save(room, save, content)

    async def _merge_save(self, room: Room, save: Save, content: Content) -> None:
        try:
            outcome = self._saved(save, content)
        except ApplyError as error:
            log.exception("save not applied path=%s", self.path)
            self.error = error
            self._lost = True
            return
        log.debug(
            "save merged path=%s digest=%.8s displaced=%s base=%d of %d sent=%d why=%s",
            self.path,
            save.snapshot.digest,
            save.displaced,
            outcome.choice.index,
            len(self.replica.versions) if self.replica else 0,
            len(outcome.update),
            outcome.choice.why,
        )
        self._record_choice(outcome, content, save.snapshot.data)
        self._generation += 1
        self._last_content_change = self._clock()
        self._ids_differ = has_other_ids(content, outcome.merged)
        if outcome.update:
            await self._send(room, outcome.update)

    def _saved(self, save: Save, content: Content) -> SaveOutcome:
        """The save in the document; tried once more after the CRDT library failed on it."""
        assert self.replica is not None
        evidence = Evidence(git=save.git)
        on_disk = not save.displaced
        now = self._clock()
        try:
            return self.replica.save(content, evidence=evidence, now=now, on_disk=on_disk)
        except ApplyError:
            log.exception("save is tried again path=%s", self.path)
            self.replica.rebuild()
            return self.replica.save(content, evidence=evidence, now=now, on_disk=on_disk)

    def _record_choice(self, outcome: SaveOutcome, saved: Content, data: bytes) -> None:
        """Keep what the merge had to choose, for review."""
        others = self._others()
        if outcome.choice.conflict is not None:
            self.ledger.record_conflict(
                reason=outcome.choice.conflict,
                disk=Side(LOCAL, text_of(saved)),
                shared=Side(others, text_of(outcome.before)),
                base=text_of(outcome.base.content),
                merged=text_of(outcome.merged),
                disk_bytes=data,
            )
        self.ledger.record_overlaps(
            outcome.overlaps, disk_by=LOCAL, shared_by=others, disk_bytes=data
        )

    async def _mend(self, room: Room) -> None:
        """Bring back what Yjs loses when cells are moved or deleted while they are edited."""
        assert self.replica is not None
        outcome = self.replica.rescue(now=self._clock())
        if outcome is None:
            return
        data = self.file.snapshot.data if self.file.snapshot else b""
        self._record_choice(outcome, outcome.before, data)
        self._generation += 1
        await self._send(room, outcome.update)

    async def _take_edits(self, room: Room) -> None:
        while self._edits:
            change, done = self._edits.popleft()
            try:
                await self._take_edit(room, change)
            except RtcdError as error:
                done.set_exception(error)
            else:
                self._flushers.append(done)

    async def _take_edit(self, room: Room, change: Callable[[Content], Content]) -> None:
        assert self.replica is not None
        if self.file.hold is not None:
            raise self.file.hold
        update = self.replica.reconcile(change(self.replica.live.content()))
        if update:
            self._generation += 1
            self._last_content_change = self._clock()
            await self._send(room, update)

    def _refuse_edits(self) -> None:
        reason = self.error or RtcdError(
            f"{self.path} is not open on the server", hint="Try again when `rtcd status` is synced."
        )
        while self._edits:
            self._edits.popleft()[1].set_exception(reason)

    # ------------------------------------------------------------------ writing to disk

    async def _write_out(self, room: Room) -> None:
        """Put on disk what the document holds and the disk does not."""
        if self.replica is None or self._gone:
            return
        if self.file.hold is not None and not self._may_retry():
            return
        if self._clock() < self._next_write and not (self._flushers or self._lost or self._closing):
            return
        generation = self._generation
        flush = self.replica.pending()
        if flush is None and self.file.snapshot is not None and not self._ids_differ:
            self._disk_generation = generation
            await self._mark_saved(room, generation)
            return
        content = flush.content if flush is not None else self.replica.live.content()
        data = self.file.bytes_for(content)
        self._ids_differ = False
        if self.file.snapshot is None or data != self.file.snapshot.data:
            if not await self._write(data):
                return
            self._next_write = self._clock() + min(
                MAX_WRITE_GAP_SECONDS, WRITE_DUTY * self._last_write_seconds
            )
        if flush is not None:
            self.replica.flushed(flush, now=self._clock())
        self._disk_generation = generation
        await self._mark_saved(room, generation)

    async def _write(self, data: bytes) -> bool:
        started = self._clock()
        try:
            displaced = await self.file.write(data)
        except HeldError as error:
            await self._not_written(error)
            return False
        self._last_write_seconds = self._clock() - started
        log.debug(
            "file written path=%s digest=%.8s displaced=%.8s",
            self.path,
            self.file.snapshot.digest if self.file.snapshot else "",
            displaced.digest if displaced else "-",
        )
        self.file.hold = None
        self._retry_at = None
        self._demote_saves(displaced)
        return True

    def _demote_saves(self, displaced: Snapshot | None) -> None:
        """After our write: what was read before it is not on disk any more, but must be merged.

        A save that was both read and swapped out is one save; our own bytes are none. If one of
        these is on disk after all (it came after our write), the next look finds it again.
        """
        assert self.file.snapshot is not None
        if displaced is not None:
            self._saves.appendleft(Save(displaced))
        known = {self.file.snapshot.digest}
        waiting, self._saves = self._saves, deque()
        for save in waiting:
            if save.snapshot.digest not in known:
                known.add(save.snapshot.digest)
                self._saves.append(replace(save, displaced=True))
        if self._saves:
            self._wake.set()

    async def _not_written(self, error: HeldError) -> None:
        """Somebody is in the middle of a save: wait for it; any other reason holds the file."""
        if error.code == "vanished":
            self._next_write = self._clock() + VANISHED_RETRY_SECONDS
        elif error.code == "name-collision":
            await self._take_what_is_there()
        else:
            self.file.hold = error
            self._retry_at = self._clock() + HELD_RETRY_SECONDS
            log.warning("file not written path=%s reason=%s", self.path, error)

    async def _take_what_is_there(self) -> None:
        try:
            found = await self._disk.read(self.path)
        except HeldError as error:
            self.file.hold = error
            return
        if found is not None:
            self._saves.append(Save(found))
            self._wake.set()

    def _may_retry(self) -> bool:
        return self._retry_at is not None and self._clock() >= self._retry_at

    async def _mark_saved(self, room: Room, generation: int) -> None:
        """On a host the daemon is the writer: tell the room what is on disk."""
        if not self._rooms.is_host or self._lost or self.replica is None:
            return
        snapshot = self.file.snapshot
        live = self.replica.live
        if snapshot is None or generation != self._generation:
            return
        if live.saved_hash() == snapshot.digest and not live.is_dirty():
            self._server_generation = generation
            return
        updates: list[bytes] = []
        forget = live.shared.on_update(lambda update, _origin: updates.append(update))
        live.mark_saved(snapshot.digest)
        forget()
        for update in updates:
            await self._send(room, update)
        self._server_generation = generation

    async def _follow_removal(self, room: Room) -> bool:
        """Others deleted the file: so do we, unless somebody has edited it since."""
        self._removed = False
        await self._write_out(room)
        at_rest = self._clock() - self._last_content_change > PAUSE_SECONDS
        is_edited = bool(self._saves) or self.file.hold is not None or not at_rest
        if not is_edited and self.file.snapshot is not None:
            self.ledger.record(self.file.snapshot, by=self._others(), source="room")
            surprise = await self.file.remove()
            is_edited = surprise is not None
        if not is_edited:
            self.state = BindingState.GONE
            return True
        log.info("edit beats deletion path=%s", self.path)
        if self.file.snapshot is not None:
            await self._rooms.create(self.path, self.file.snapshot.data)
        self._lost = True
        return False

    async def _file_is_gone(self) -> bool:
        """The file vanished: an edit by others brings it back, else the deletion is carried on."""
        assert self.replica is not None
        if self.unwritten() or self._saves:
            self.ledger.record_conflict(
                reason="delete-edit",
                disk=Side(LOCAL, ""),
                shared=Side(self._others(), text_of(self.replica.live.content())),
                base=text_of(self.replica.disk_content()),
                merged=text_of(self.replica.live.content()),
            )
            self._gone = False
            self.file.snapshot = None
            return False
        await self._rooms.delete(self.path)
        self.state = BindingState.GONE
        return True

    # ------------------------------------------------------------------ memory

    def _remember(self, room: Room, *, pause: float = PAUSE_SECONDS) -> None:
        """At a pause: keep the version on disk, and that both sides agree on it."""
        if self.replica is None or self.file.snapshot is None or self.unwritten():
            return
        if self._clock() - self._last_content_change < pause:
            return
        mark = (self._generation, self._server_generation)
        if mark == self._remembered or room.unacknowledged:
            return
        self._remembered = mark
        self.replica.settle_versions()
        self.ledger.record(self.file.snapshot, by=self._others(), source="room")
        self.ledger.mark(
            self.file.snapshot,
            saved=self._server_generation == self._generation,
            session_id=room.session_id,
            state_vector=self.replica.live.shared.state_vector(),
            file_id=_file_id(room),
            server_hash=self.replica.live.saved_hash(),
        )

    def _release_flushers(self) -> None:
        if self.unwritten() and self.state is BindingState.JOINED and self.file.hold is None:
            return
        for done in self._flushers:
            if not done.done():
                done.set_result(None)
        self._flushers.clear()


def has_other_ids(saved: Content, live: Content) -> bool:
    """True when an editor made new ids for cells that have one: the file gets the old ones back."""
    if not isinstance(saved, NotebookContent) or not isinstance(live, NotebookContent):
        return False
    ids = [cell.id for cell in saved.cells]
    is_sound = None not in ids and len(set(ids)) == len(ids)
    return is_sound and not set(ids) <= {cell.id for cell in live.cells}


def _file_id(room: Room) -> str:
    return room.room_id.rpartition(":")[2]
