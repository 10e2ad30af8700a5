"""The stay in one room: from the pulled document to the loss of the room, or a quiet leaving.

Theory of operation. One worker runs all parts in turn: saves into the room, edits of rtcd's own,
deletions, then whatever is new to the disk, then the memory. It sleeps until somebody leaves word
or a chore is due. When the room is lost, what was received is still written before the worker
ends; when the binding leaves on purpose, the room has to have everything first.
"""

from __future__ import annotations

import asyncio
from collections import deque

from rtcd.content import Content
from rtcd.errors import RtcdError
from rtcd.merge.replica import Replica
from rtcd.sync.looking_again import LookingAgain
from rtcd.sync.meeting import Meeting
from rtcd.sync.open_file import PAUSE_SECONDS, BindingState, OpenFile
from rtcd.sync.own_edits import OwnEdits
from rtcd.sync.ports import Room
from rtcd.sync.receiving import Receiving
from rtcd.sync.remembering import Remembering
from rtcd.sync.removing import Removing
from rtcd.sync.saving import Saving
from rtcd.sync.scripts import Scripts
from rtcd.sync.server_saves import ServerSaves
from rtcd.sync.writing import Writing


class Working:
    """Puts the parts of a binding together and runs them while a room is open."""

    def __init__(self, open_file: OpenFile, *, began: float, quiet_seconds: float) -> None:
        self._open = open_file
        self.quiet_seconds = quiet_seconds
        self._joined_at = 0.0
        self._remembering = Remembering(open_file)
        self.server_saves = ServerSaves(open_file)
        self.meeting = Meeting(open_file, self._remembering, began=began)
        self.writing = Writing(open_file, self.server_saves)
        self._looking_again = LookingAgain(open_file, self.meeting)
        self.own_edits = OwnEdits(open_file, self._remembering)
        self._saving = Saving(open_file, self.meeting, self._remembering)
        self._removing = Removing(open_file, self.writing, self._remembering)
        self._receiving = Receiving(open_file, self.server_saves)
        self.scripts = Scripts(open_file, self._remembering)

    async def stay(self, room: Room) -> None:
        """From the pulled room to its loss."""
        it = self._open
        it.room = room
        it.lost = False
        # Who else is here is told in a moment only, however long nothing was edited.
        self._joined_at = it.clock()
        self.meeting.has_met = False
        content = await it.file.look(known_size=it.ledger.known_size())
        self._looking_again.begin()
        # The look has seen every save that is on disk; those that were swapped out are only here.
        self.meeting.waiting = tuple(save for save in it.saves if not save.displaced)
        it.saves = deque(save for save in it.saves if save.displaced)
        # An editor may have had the file loaded since before this room, or this binding, began.
        earlier = it.earlier or it.ledger.versions_on_disk()
        with it.in_hand.working_on(it.path):
            replica = Replica(
                it.kind,
                room.pulled,
                disk=content,
                now=it.clock(),
                reads_seen=it.reads_are_told(),
                earlier=earlier,
            )
        it.replica = replica
        it.generations.changed()
        self.server_saves.begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = (
                    tasks.create_task(self._receiving.receive(room)),
                    tasks.create_task(self.server_saves.settle_doubts()),
                )
                try:
                    await self._work(room, content)
                finally:
                    for task in beside:
                        task.cancel()
        except* RtcdError as group:
            raise group.exceptions[0] from group
        finally:
            if it.lost:
                self._remembering.remember_lost_room()
            await room.close()
            it.earlier = tuple(replica.versions)
            if self.meeting.has_met:
                self._remembering.remember_not_on_disk()
            self.scripts.leave()
            it.replica = None
            it.room = None

    async def _work(self, room: Room, disk: Content | None) -> None:
        it = self._open
        await self.meeting.meet(room, disk)
        if not room.unacknowledged:
            self.server_saves.doubt()
        it.state = BindingState.JOINED
        while True:
            await self._saving.take_saves(room)
            await self._looking_again.look(room)
            await self.scripts.take(room)
            await self.own_edits.take(room)
            await self.own_edits.mend(room)
            if it.removed and await self._removing.follow_removal(room):
                return
            if it.gone and await self._removing.file_is_gone():
                return
            await self.writing.write_out(room)
            await self.scripts.write_out(room)
            await self._tell_who_left()
            self._remembering.remember(room)
            self.scripts.remember()
            it.release_flushers()
            it.on_change()
            if it.lost or it.closing or self._is_quiet(room):
                break
            await self._wait_for_word()
        if it.closing or not it.lost:
            await self._settle_down(room)
            it.state = BindingState.CLOSED

    async def _tell_who_left(self) -> None:
        """On a host no save of the server tells those who left the quiet room of an edit."""
        it = self._open
        if it.is_awake_again and it.file.snapshot is not None and it.everywhere_written():
            it.is_awake_again = False
            if it.rooms.is_host:
                await it.rooms.create(it.path, it.file.snapshot.data)

    async def _wait_for_word(self) -> None:
        timeout = self._seconds_to_next_chore()
        try:
            async with asyncio.timeout(timeout):
                await self._open.wake.wait()
        except TimeoutError:
            pass
        self._open.wake.clear()

    def _seconds_to_next_chore(self) -> float:
        now = self._open.clock()
        due = (
            self.writing.seconds_to_next(now),
            self.scripts.seconds_to_next(now),
            self._looking_again.seconds_to_next(now),
            self.server_saves.seconds_to_mark(now),
        )
        soonest = min((seconds for seconds in due if seconds is not None), default=None)
        if soonest is not None:
            return soonest
        if self._remembering.is_due:
            return PAUSE_SECONDS
        return max(0.05, self.quiet_seconds - (now - self._quiet_since()) + 0.05)

    def _quiet_since(self) -> float:
        return max(self._open.last_content_change, self._joined_at)

    def _is_quiet(self, room: Room) -> bool:
        it = self._open
        # Asked after every edit: who is here is looked at last.
        return (
            it.clock() - self._quiet_since() >= self.quiet_seconds
            and not it.gone
            and not it.unsent()
            and it.everywhere_written()
            and not it.generations.is_unsaved
            and not any(person.client != "rtcd" for person in room.people())
        )

    async def _settle_down(self, room: Room) -> None:
        """Before leaving on purpose: the room has everything, and what it has is remembered."""
        for _ in range(200):
            if self._open.lost or (not room.unacknowledged and self._open.everywhere_written()):
                break
            await self._saving.take_saves(room)
            await self.scripts.take(room)
            await self.writing.write_out(room)
            await self.scripts.write_out(room)
            await asyncio.sleep(0.01)
        self._remembering.remember_now(room)
        self.scripts.remember(now=True)
