"""What arrives from a room, taken into the document at once.

Theory of operation. The receiver runs beside the worker and never waits for it: an update is in
the document as soon as it is here, and the worker is woken to write it. The two meet only in code
that does not wait, so neither sees the other half done.
"""

from __future__ import annotations

import contextlib
import logging

from rtcd.errors import ServerUnreachableError
from rtcd.rooms.events import AwarenessChanged, RoomClosed, RoomUpdated
from rtcd.rooms.person import Person
from rtcd.sync.open_file import OpenFile
from rtcd.sync.ports import Room
from rtcd.sync.server_saves import ServerSaves

log = logging.getLogger("rtcd.sync")


class Receiving:
    """The room's side of one file."""

    def __init__(self, open_file: OpenFile, server_saves: ServerSaves) -> None:
        self._open = open_file
        self._server_saves = server_saves
        self._autosave = True
        self._people: list[Person] | None = None

    async def receive(self, room: Room) -> None:
        """Take everything that happens in the room, until it closes."""
        it = self._open
        self._people = None
        async for event in room.events():
            match event:
                case RoomUpdated():
                    self._take_update(event)
                case AwarenessChanged():
                    await self._meet(room)
                case RoomClosed():
                    log.info("room lost path=%s reason=%s", it.path, event.reason)
                    break
        it.lost = True
        it.stir()

    def _take_update(self, event: RoomUpdated) -> None:
        it = self._open
        replica = it.joined
        if not event.own:
            it.authors.edited(event.update, it.room.people() if it.room else ())
        if not event.own:
            it.pass_on(event.update)
            with it.in_hand.working_on(it.path):
                is_change = replica.receive(event.update)
            if is_change:
                it.content_changed()
        self._server_saves.note()
        it.stir()

    async def _meet(self, room: Room) -> None:
        """Somebody came, left or changed; most often it is but a cursor that moved."""
        people = list(room.people())
        if people == self._people:
            return
        self._people = people
        self._open.authors.meet(people)
        await self._mirror_autosave(room, people)
        self._open.on_change()

    async def _mirror_autosave(self, room: Room, people: list[Person]) -> None:
        """Never switch on a saving that all people in the room have switched off."""
        flags = [p.autosave for p in people if p.client != "rtcd" and p.autosave is not None]
        wanted = any(flags) if flags else True
        if wanted != self._autosave:
            self._autosave = wanted
            with contextlib.suppress(ServerUnreachableError):
                await room.set_awareness(self._open.rooms.awareness(autosave=wanted))
