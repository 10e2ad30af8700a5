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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rtcd.content import Content, Kind, NotebookContent, TextContent, is_same
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
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import BaseChoice, Evidence
from rtcd.merge.merged import Overlap
from rtcd.merge.replica import Replica, SaveOutcome
from rtcd.merge.three_way import merge_contents
from rtcd.merge.versions import Version, VersionRing
from rtcd.project_path import ProjectPath
from rtcd.rooms.backoff import Backoff
from rtcd.rooms.events import AwarenessChanged, RoomClosed, RoomUpdated
from rtcd.sync.authors import Authors
from rtcd.sync.choices import places_of_choice, text_of, without_repeats
from rtcd.sync.ledger import Ledger, Sides
from rtcd.sync.local_file import LocalFile
from rtcd.sync.ports import Clock, Disk, Room, Rooms
from rtcd.sync.reconcile import JoinAction, plan_join

log = logging.getLogger("rtcd.sync")

QUIET_SECONDS = 60.0
PAUSE_SECONDS = 0.3
HELD_RETRY_SECONDS = 5.0
SAVE_REQUEST_SECONDS = 0.5
REMEMBER_SECONDS = 0.5
VANISHED_RETRY_SECONDS = 0.02
WRITE_DUTY = 8
MAX_WRITE_GAP_SECONDS = 1.0
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
    """Bytes that somebody else put on disk.

    ``displaced``: they are not there any more, a write of ours came after. ``came_first`` is
    certain that the saver had not seen that write.
    """

    snapshot: Snapshot
    displaced: bool = False
    came_first: bool = False
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
        user: str = "local editor",
        began: float = 0.0,
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
        self._remembered_at = 0.0
        self._retry_now = asyncio.Event()
        self._seen_hash: str | None = None
        self._autosave = True
        self._ids_differ = False
        self._read_meanwhile = False
        self._earlier: tuple[Version, ...] = ()
        self._asked_for_save = 0.0
        self.last_local_save = 0.0
        self._user = user
        self._began = began
        self._by_git = False
        self._authors = Authors(clock)
        self._recorded_at = clock()
        self._is_restored = False
        self._has_met = False

    # ------------------------------------------------------------------ word from outside

    def disk_changed(self, snapshot: Snapshot, *, git: bool = False) -> None:
        """A settled save was read."""
        self.last_local_save = self._clock()
        self._saves.append(Save(snapshot, git=git))
        self._gone = False
        self._stir()

    def met_by_git(self) -> None:
        """What is on disk now was put there by git, on purpose."""
        self._by_git = True

    def late_save(self, snapshot: Snapshot) -> None:
        """A writer finished on a file that we had swapped out."""
        self._saves.append(Save(snapshot, displaced=True, came_first=True))
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
        """Somebody else read the file.

        While a write of ours is under way nobody can tell which version that was: it counts for
        both, because a version that wrongly counts as unread costs more than the reverse.
        """
        self._read_meanwhile = True
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
        if self._is_mirrored():
            self._server_generation = self._generation
        now = self._clock()
        if not self.unsaved() or now - self._asked_for_save <= SAVE_REQUEST_SECONDS:
            return
        self._asked_for_save = now
        generation = self._generation
        at_rest = now - self._last_content_change > PAUSE_SECONDS
        # A save that brings no new hash is told by nothing else. One that fails may be called a
        # success too, but then the file was deleted, or the room is overwritten: a new generation.
        is_saved = await self.room.request_save()
        if is_saved and at_rest and generation == self._generation:
            self._server_generation = generation

    def _is_mirrored(self) -> bool:
        """True when the server's file has, by its own word, the very bytes of ours."""
        if self.replica is None or self.file.snapshot is None or self.unwritten():
            return False
        return self.replica.live.saved_hash() == self.file.snapshot.digest

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
        self._has_met = False
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
                    self._authors.meet(room.people())
                    await self._mirror_autosave(room)
                    self._on_change()
                case RoomClosed():
                    log.info("room lost path=%s reason=%s", self.path, event.reason)
                    break
        self._lost = True
        self._stir()

    def _take_update(self, event: RoomUpdated) -> None:
        assert self.replica is not None
        if not event.own:
            self._authors.edited(event.update, self.room.people() if self.room else ())
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
        self._has_met = True
        theirs = self.replica.live.content()
        state = self.replica.live.shared.state_vector()
        base_bytes, continues = self.ledger.base_bytes(room.session_id, state)
        base = self.file.content_of(base_bytes) if base_bytes is not None else None
        if not continues:
            base = self._known_again(base, theirs, disk)
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
            older = None if base is None else self._older_base(base, disk)
            self.ledger.record(self.file.snapshot, by=self._saver(git=self._by_git), source="disk")
            if continues:
                await self._bring(room, base, disk, data, older)
            else:
                async with self._rooms.exclusive(_file_id(room)):
                    await self._bring(room, base, disk, data, older)
                    await self._until_acknowledged(room)

    def _known_again(
        self, base: Content | None, theirs: Content, disk: Content | None
    ) -> Content | None:
        """The base for a room that was made anew: a version of ours that it holds, if there is one.

        A server that was lost comes back with what it had saved, and that is often newer than the
        last version that we know to be saved.
        """
        if disk is None or (base is not None and is_same(base, theirs)):
            return base
        for version in reversed(self._earlier):
            if is_same(version.content, theirs):
                return version.content
        return base

    def _older_base(self, base: Content, disk: Content) -> tuple[Version, BaseChoice] | None:
        """The version that a save was made from while no room was open, if older than ``base``.

        An editor may have had the file loaded since before others typed and left.
        """
        known = list(self._earlier or self.ledger.versions_on_disk(self._began))
        places = [n for n, version in enumerate(known) if is_same(version.content, base)]
        if not places:
            return None
        # What came after the base may never have reached the room: no save is older than that.
        ring = VersionRing()
        for one in known[: places[-1] + 1]:
            ring.push(one.content, at=one.at, own_save=one.own_save, read=one.read)
        newest = len(ring) - 1
        choice = choose_base(disk, ring.candidates(self._clock()), Evidence(git=self._by_git))
        self._by_git = False
        if choice.index >= newest:
            return None
        log.debug(
            "save met path=%s base=%d of %d why=%s", self.path, choice.index, newest, choice.why
        )
        return ring[choice.index], choice

    async def _bring(
        self,
        room: Room,
        base: Content | None,
        disk: Content,
        data: bytes,
        older: tuple[Version, BaseChoice] | None,
    ) -> None:
        """Bring the disk's edits into the room, merged at the base."""
        assert self.replica is not None
        before = self.replica.live.content()
        if older is not None:
            base = older[0].content
        merged = merge_contents(base, disk, before)
        choice: tuple[Overlap, ...] = ()
        if older is not None and older[1].conflict is not None:
            choice = places_of_choice(
                older[1].conflict,
                base=older[0].content,
                saved=disk,
                shared=before,
                merged=merged.content,
            )
        overlaps = without_repeats(choice, merged.overlaps)
        since = older[0].at if older is not None else 0.0
        self._record_conflicts(overlaps, data, before, merged.content, since=since)
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

    def _meet_people(self) -> None:
        if self.room is not None:
            self._authors.meet(self.room.people())

    def _saver(self, *, git: bool = False) -> str:
        """Who saved on disk: the folder's user, with git when it was at work."""
        return f"{self._user} ({'git' if git else 'local save'})"

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
        self.ledger.record(save.snapshot, by=self._saver(git=save.git), source="disk")
        if content is None:
            return
        if self._has_met:
            await self._merge_save(room, save, content)
        else:
            # The file was held when the room was pulled: now disk and room meet, at their base.
            await self._meet(room, content)

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
        self._record_choice(outcome, content, save)
        self._generation += 1
        self._last_content_change = self._clock()
        self._ids_differ = has_other_ids(content, outcome.merged)
        if outcome.update:
            await self._send(room, outcome.update)

    def _saved(self, save: Save, content: Content) -> SaveOutcome:
        """The save in the document; tried once more after the CRDT library failed on it."""
        assert self.replica is not None
        evidence = Evidence(git=save.git, newest_read_by_saver=False if save.came_first else None)
        on_disk = not save.displaced
        now = self._clock()
        try:
            return self.replica.save(content, evidence=evidence, now=now, on_disk=on_disk)
        except ApplyError:
            log.exception("save is tried again path=%s", self.path)
            self.replica.rebuild()
            return self.replica.save(content, evidence=evidence, now=now, on_disk=on_disk)

    def _record_choice(self, outcome: SaveOutcome, saved: Content, save: Save) -> None:
        """Keep what the merge had to choose, for review."""
        choice: tuple[Overlap, ...] = ()
        if outcome.choice.conflict is not None:
            choice = places_of_choice(
                outcome.choice.conflict,
                base=outcome.base.content,
                saved=saved,
                shared=outcome.before,
                merged=outcome.merged,
            )
        self._record_conflicts(
            without_repeats(choice, outcome.overlaps),
            save.snapshot.data,
            outcome.before,
            outcome.merged,
            since=outcome.base.at,
            git=save.git,
        )

    def _record_conflicts(
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
        sides = Sides(
            disk_by=self._saver(git=git),
            shared_by=self._authors.since(since),
            disk=disk,
            shared=None if shared is None else self.file.bytes_for(shared),
            merged=self.file.bytes_for(merged),
        )
        if self.ledger.record_conflicts(overlaps, sides):
            log.info("conflict recorded path=%s reason=%s", self.path, overlaps[0].reason)

    async def _mend(self, room: Room) -> None:
        """Bring back what Yjs loses when cells are moved or deleted while they are edited."""
        assert self.replica is not None
        outcome = self.replica.rescue(now=self._clock())
        if outcome is None:
            return
        self._record_conflicts(
            outcome.overlaps,
            self.file.bytes_for(outcome.before),
            outcome.merged,
            outcome.merged,
            since=outcome.base.at,
        )
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
            self._is_restored = True
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
            if self._read_meanwhile:
                self.replica.mark_read(self._clock())
        self._disk_generation = generation
        await self._mark_saved(room, generation)

    async def _write(self, data: bytes) -> bool:
        started = self._clock()
        self._read_meanwhile = False
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
            is_git = self._disk.is_checkout(displaced)
            self._saves.appendleft(Save(displaced, came_first=True, git=is_git))
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
            self.ledger.record(
                self.file.snapshot, by=self._authors.since(self._recorded_at), source="room"
            )
            surprise = await self.file.remove()
            is_edited = surprise is not None
        if not is_edited:
            self.state = BindingState.GONE
            return True
        log.info("edit beats deletion path=%s", self.path)
        if self.replica is not None:
            self._record_deletion(self.replica, by_disk=False)
        if self.file.snapshot is not None:
            await self._rooms.create(self.path, self.file.snapshot.data)
        self._lost = True
        return False

    def _record_deletion(self, replica: Replica, *, by_disk: bool) -> None:
        """One side deleted the file that the other edited: the edit stays, the record tells."""
        before, live = replica.disk_content(), replica.live.content()
        texts = ("", text_of(live)) if by_disk else (text_of(live), "")
        overlap = Overlap(None, text_of(before), *texts, text_of(live), "delete-edit")
        data = self.file.bytes_for(live)
        self._record_conflicts(
            (overlap,), None if by_disk else data, live if by_disk else None, live, since=0.0
        )

    async def _file_is_gone(self) -> bool:
        """The file vanished: an edit by others brings it back, else the deletion is carried on."""
        assert self.replica is not None
        if self.unwritten() or self._saves:
            self._record_deletion(self.replica, by_disk=True)
            self._gone = False
            self.file.snapshot = None
            return False
        await self._rooms.delete(self.path)
        self.state = BindingState.GONE
        return True

    # ------------------------------------------------------------------ memory

    def _remember(self, room: Room, *, pause: float = PAUSE_SECONDS) -> None:
        """Keep what both sides agree on: at a pause as a version, while people type as the base.

        The fresher the base, the less there is to merge after the server was lost.
        """
        if self.replica is None or self.file.snapshot is None or self.unwritten():
            return
        state = (self._generation, self._server_generation)
        if state == self._remembered or room.unacknowledged:
            return
        now = self._clock()
        is_pause = now - self._last_content_change >= pause
        if not is_pause and now - self._remembered_at < REMEMBER_SECONDS:
            return
        self._remembered_at = now
        if is_pause:
            self._remembered = state
            self.replica.settle_versions()
            self._record_live_version(self.file.snapshot)
        self.ledger.mark(
            self.file.snapshot,
            saved=not self.unsaved(),
            session_id=room.session_id,
            state_vector=self.replica.live.shared.state_vector(),
            file_id=_file_id(room),
            server_hash=self.replica.live.saved_hash(),
        )

    def _record_live_version(self, snapshot: Snapshot) -> None:
        """A version that is on disk because of the room, or of an edit of rtcd's own."""
        self._meet_people()
        by, source = self._authors.since(self._recorded_at), "room"
        if self._is_restored:
            by, source = self._user, "restore"
        self.ledger.record(snapshot, by=by, source=source)
        self._is_restored = False
        self._recorded_at = self._clock()

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
