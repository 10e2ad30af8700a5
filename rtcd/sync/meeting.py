"""The meeting of disk and room, once for every room that was joined.

Theory of operation. A room is pulled into a fresh document, and then three contents are compared:
the disk, the room, and the base, which is what both had when they were last together.
``reconcile.plan_join`` decides, this file carries out. The room may have been made anew by a
server that came back (then a version that it holds serves as the base), and the file may have been
saved from an editor that had loaded it long before the base (then the merge is at that version).
Where the room does not simply go on, daemons take turns, so that what the server lost comes back
once and not once from every folder.
"""

from __future__ import annotations

import asyncio
import logging

from rtcd.content import Content, is_same
from rtcd.documents.as_loaded import content_as_loaded
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import BaseChoice, Evidence
from rtcd.merge.merged import Overlap
from rtcd.merge.three_way import merge_contents
from rtcd.merge.versions import Version
from rtcd.sync.choices import places_of_choice, without_repeats
from rtcd.sync.older_versions import (
    descends_from,
    followed_by,
    is_made_of,
    ring_of,
    up_to,
    with_what_was_lost,
)
from rtcd.sync.one_way import only_receives
from rtcd.sync.open_file import LeftBehind, OpenFile
from rtcd.sync.ports import Room
from rtcd.sync.reconcile import JoinAction, plan_join
from rtcd.sync.remembering import Remembering, file_id_of
from rtcd.sync.room_base import RoomBase, base_of_new_room
from rtcd.sync.save import Save

log = logging.getLogger("rtcd.sync")

MOST_SAVES = 16
"""So many of the saves that waited are looked for in a room."""


class Meeting:
    """Brings disk and room together.

    ``has_met``: it is done for the room that is open; a held file meets later. ``by_git``: what is
    on disk was put there by git. ``waiting``: the saves that came while no room was open, which the
    last one has overwritten. ``began`` is when this daemon began to watch the folder.
    """

    def __init__(self, open_file: OpenFile, remembering: Remembering, *, began: float) -> None:
        self._open = open_file
        self._remembering = remembering
        self._began = began
        self.has_met = False
        self.by_git = False
        self.waiting: tuple[Save, ...] = ()

    async def meet(self, room: Room, disk: Content | None) -> None:
        """Compare ``disk`` with the room and carry out what follows; nothing while it is held."""
        it = self._open
        if it.file.hold is not None:
            return
        self.has_met = True
        live = it.joined.live
        theirs = live.content()
        base = self._base(room, theirs, disk)
        if disk is None and not base.continues and not it.receives_only:
            await self._bring_back_unwritten(room)
            theirs = live.content()
        saved = disk
        last: Content | None = None
        if disk is not None and not it.receives_only:
            disk = self._with_what_was_lost(base.content, disk)
            if not base.continues:
                last = self._last_here(base)
                disk = self._with_what_was_not_on_disk(disk)
                is_made_of_it = saved is not None and is_same(saved, theirs)
                if it.rooms.is_host and disk is not saved and is_made_of_it:
                    # The server made the room of the save, which says nothing of what it lacks.
                    base = RoomBase(saved)
        it.not_on_disk = None
        plan = plan_join(base.content, disk, theirs)
        log.debug(
            "room met path=%s action=%s continues=%s rollback=%s",
            it.path,
            plan.action.value,
            base.continues,
            base.lost is not None,
        )
        if plan.action is not JoinAction.WRITE and not live.is_dirty():
            it.generations.saved(it.generations.content)
        if it.receives_only and plan.action in (JoinAction.SEND, JoinAction.MERGE):
            self.has_met = False
            it.file.hold = only_receives(it.path)
            return
        if it.receives_only and plan.action is JoinAction.REMOVE:
            return
        if plan.action is JoinAction.LINK:
            it.generations.written(it.generations.content)
            is_made_anew = it.rooms.is_host and not base.continues
            if disk is not None and base.content is not None and is_made_anew:
                await self._look_behind(room, base.content, disk)
        elif plan.action is JoinAction.REMOVE:
            it.generations.written(it.generations.content)
            it.gone = True
        elif plan.action in (JoinAction.SEND, JoinAction.MERGE):
            assert disk is not None
            is_as_loaded = plan.action is JoinAction.MERGE and self._is_as_loaded(base)
            loaded = theirs if is_as_loaded else None
            is_newest = disk is not saved
            await self._share(room, base, disk, loaded=loaded, last=last, is_newest=is_newest)

    def _is_as_loaded(self, base: RoomBase) -> bool:
        """On a host, a new room that nobody typed in holds a save of this disk, and no more."""
        it = self._open
        if not it.rooms.is_host or base.continues or base.lost is not None:
            return False
        return is_same(content_as_loaded(it.joined.live), it.joined.live.content())

    async def _look_behind(self, room: Room, last: Content, disk: Content) -> None:
        """On a host the server makes rooms of what is on disk: perhaps of a stale save.

        Nobody was in the room then, so what the save takes back is only in the last version.
        """
        it = self._open
        if is_same(last, disk):
            return
        git = self.by_git
        older = self._older_base(last, disk)
        assert it.file.snapshot is not None
        it.ledger.record(it.file.snapshot, by=it.saver(git=git), source="disk")
        if older is not None:
            await self._bring(room, RoomBase(last), disk, older, shared=last)

    def _base(self, room: Room, theirs: Content, disk: Content | None) -> RoomBase:
        """What both sides had last, and whether the room is the one that we left."""
        it = self._open
        state = it.joined.live.shared.state_vector()
        base_bytes, continues = it.ledger.base_bytes(room.session_id, state)
        saved = it.file.content_of(base_bytes) if base_bytes is not None else None
        if continues or disk is None:
            return RoomBase(saved, continues)
        known = it.earlier
        if not known and it.ledger.is_of_another_server(room.session_id):
            known = tuple(it.ledger.versions_on_disk(self._began))
        base = base_of_new_room(saved, known, theirs)
        save = self._save_in_room(base, theirs)
        return base if save is None else RoomBase(save, is_save=True)

    def _save_in_room(self, base: RoomBase, theirs: Content) -> Content | None:
        """The newest save from before the room was open that all of it is made of.

        A server that came back makes the room of what is on its disk, and others type in it before
        the daemon is there: on a host that is a save of which nobody but the disk knew.
        """
        if base.content is None or base.lost is not None or is_same(base.content, theirs):
            return None
        for save in reversed(self.waiting[-MOST_SAVES:]):
            content = self._open.file.content_of(save.snapshot.data)
            if content is not None and is_made_of(theirs, base.content, content):
                return content
        return None

    def _with_what_was_lost(self, base: Content | None, disk: Content) -> Content:
        """Bring back what a save has taken back while the server was away."""
        it = self._open
        known = it.earlier or it.ledger.versions_on_disk()
        evidence = Evidence(git=self.by_git)
        found = with_what_was_lost(base, disk, known, evidence, it.clock())
        if found is None:
            return disk
        log.info("what a save took back is kept path=%s", it.path)
        assert it.file.snapshot is not None
        data = it.file.snapshot.data
        newest = known[-1].content
        self._remembering.record_conflicts(
            found.overlaps, data, newest, found.content, since=known[-1].at
        )
        return found.content

    def _last_here(self, base: RoomBase) -> Content | None:
        """What was here when the last room was lost, if more than the base: the disk is made of it."""
        known = self._open.earlier or self._open.ledger.versions_on_disk()
        if base.content is None or base.is_save or not known:
            return None
        if is_same(known[-1].content, base.content):
            return None
        left = self._open.not_on_disk
        if left is None or _is_on_disk(left):
            return known[-1].content
        return merge_contents(left.disk, known[-1].content, left.room).content

    def _with_what_was_not_on_disk(self, disk: Content) -> Content:
        """Add what the last room held and the disk did not get, as if it had been written."""
        left = self._open.not_on_disk
        if left is None or _is_on_disk(left):
            return disk
        log.info("what the last room had is brought back path=%s", self._open.path)
        return merge_contents(left.disk, disk, left.room).content

    async def _bring_back_unwritten(self, room: Room) -> None:
        """Bring what the last room held where not even a first write to the disk had succeeded.

        The disk has no file then, and the history no version: it is nowhere else.
        """
        it = self._open
        left = it.not_on_disk
        if left is None or left.disk is not None:
            return
        async with it.rooms.exclusive(file_id_of(room)):
            update = it.joined.reconcile(
                merge_contents(None, left.room, it.joined.live.content()).content
            )
            if update:
                log.info("what was never written is brought back path=%s", it.path)
                it.generations.changed()
                await it.send(room, update)
                await self._until_acknowledged(room)

    async def _share(
        self,
        room: Room,
        base: RoomBase,
        disk: Content,
        *,
        loaded: Content | None = None,
        last: Content | None = None,
        is_newest: bool = False,
    ) -> None:
        """Record the disk's edits and bring them; in a room made anew, in turn with others.

        ``loaded``: the save that the server has made the room of; another one followed at once.
        ``last``: what the disk's edits were made of, if more than the base.
        ``is_newest``: all that was ever on this disk was brought into ``disk``.
        """
        it = self._open
        assert it.file.snapshot is not None
        older, renewed = None, loaded
        last = last if loaded is None else None
        if base.content is not None and not is_newest and last is None:
            older = self._older_base(base.content, disk, then=loaded)
        if loaded is not None:
            renewed = loaded if base.content is None else self._with_news(base.content, loaded)
            base = RoomBase(loaded)
        if base.continues and base.content is not None:
            self._remembering.remember_base(base.content)
        it.ledger.record(it.file.snapshot, by=it.saver(git=self.by_git), source="disk")
        if base.continues:
            await self._bring(room, base, disk, older)
        else:
            async with it.rooms.exclusive(file_id_of(room)):
                # Only now: people may have typed while we waited for our turn.
                shared = None
                if loaded is not None and renewed is not None and renewed is not loaded:
                    here = it.joined.live.content()
                    shared = merge_contents(loaded, renewed, here).content
                await self._bring(room, base, disk, older, shared=shared, last=last)
                await self._until_acknowledged(room)

    def _with_news(self, last: Content, loaded: Content) -> Content:
        """A save with what others had brought before, if it was made from an older version."""
        older = self._older_base(last, loaded)
        return loaded if older is None else merge_contents(older[0].content, loaded, last).content

    def _older_base(
        self, base: Content, disk: Content, *, then: Content | None = None
    ) -> tuple[Version, BaseChoice] | None:
        """The version that a save was made from while no room was open, if older than ``base``.

        An editor may have had the file loaded since before others typed and left. ``then``: a
        save that came between the two.
        """
        it = self._open
        versions = it.earlier or it.ledger.versions_on_disk()
        if then is None and it.earlier and descends_from(base, versions, disk):
            return None
        known = up_to(base, versions)
        ring = ring_of(known if then is None else followed_by(known, then, it.clock()))
        newest = len(ring) - 1
        choice = choose_base(disk, ring.candidates(it.clock()), Evidence(git=self.by_git))
        self.by_git = False
        if choice.index >= newest:
            return None
        log.debug(
            "save met path=%s base=%d of %d why=%s", it.path, choice.index, newest, choice.why
        )
        return ring[choice.index], choice

    async def _bring(
        self,
        room: Room,
        base: RoomBase,
        disk: Content,
        older: tuple[Version, BaseChoice] | None,
        *,
        shared: Content | None = None,
        last: Content | None = None,
    ) -> None:
        """Bring the disk's edits into the room, merged at the base with ``shared``.

        None is what the room has: now, and not before we had our turn, since others type meanwhile.
        What the server has lost others may have brought back and edited since: it is looked for
        first as all of us had it last, and then come the edits that were only made here.
        """
        it = self._open
        before = it.joined.live.content() if shared is None else shared
        assert it.file.snapshot is not None
        data = it.file.snapshot.data
        start = base.content if older is None else older[0].content
        brought = merge_contents(start, last, before) if last is not None else None
        if brought is None:
            merged = merge_contents(start, disk, before)
        else:
            merged = merge_contents(last, disk, brought.content)
        choice: tuple[Overlap, ...] = ()
        if older is not None and older[1].conflict is not None:
            choice = places_of_choice(
                older[1].conflict,
                base=older[0].content,
                saved=disk,
                shared=before,
                merged=merged.content,
                why=older[1].why,
            )
        elif base.lost is not None and not is_same(disk, before):
            choice = places_of_choice(
                "server-rollback",
                base=base.lost,
                saved=disk,
                shared=before,
                merged=merged.content,
            )
        overlaps = without_repeats(choice, merged.overlaps)
        if brought is not None:
            overlaps = without_repeats(overlaps, brought.overlaps)
        since = older[0].at if older is not None else 0.0
        self._remembering.record_conflicts(overlaps, data, before, merged.content, since=since)
        update = it.joined.reconcile(merged.content)
        if update:
            it.generations.changed()
            await it.send(room, update)

    async def _until_acknowledged(self, room: Room) -> None:
        while room.unacknowledged and not self._open.lost:
            self._open.wake.clear()
            try:
                async with asyncio.timeout(0.05):
                    await self._open.wake.wait()
            except TimeoutError:
                continue


def _is_on_disk(left: LeftBehind) -> bool:
    return left.disk is not None and is_same(left.disk, left.room)
