"""Looks after rooms with unsaved content, whoever is to save it.

While no daemon lives, a room is saved after the usual quiet moment. While one lives, that is the
daemon's work; this only asks it, after a longer quiet moment, to say that it is done. So text of a
file that the daemon leaves alone is saved all the same, and what a daemon had not yet written when
it died is saved after its death without waiting for another keystroke.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from jupyter_server_ydoc.rooms import DocumentRoom
from pycrdt.websocket import YRoom

from rtcd.extension.flush import DaemonGoneError, FlushFailedError, NotSharedError
from rtcd.extension.loader import CarefulFileLoader, SaveOutcome
from rtcd.extension.orphans import Orphans

TICK_SECONDS = 0.25
ASK_DAEMON_AFTER_SECONDS = 2.0
BRING_BACK_AFTER_SECONDS = 1.0
RETRY_SECONDS = 10.0


class RoomWatch:
    """Knows since when a room has been changed and quiet; times are seconds of one clock."""

    def __init__(self, room: DocumentRoom, clock: Callable[[], float]) -> None:
        self.room = room
        self.changed_at: float | None = None
        self.not_before = float("-inf")
        self.busy = False
        self._clock = clock
        # All but `state`: what the server and the daemon note there about a save is no change.
        shared = {name: room.ydoc[name] for name in room.ydoc if name != "state"}
        self._subscriptions = [(one, one.observe_deep(self._on_change)) for one in shared.values()]

    @property
    def loader(self) -> CarefulFileLoader:
        """The way to the room's file."""
        loader: CarefulFileLoader = self.room._file
        return loader

    def _on_change(self, _events: list[object]) -> None:
        self.changed_at = self._clock()

    def mark_unsaved(self) -> None:
        """A save failed: what it was to save is unsaved still."""
        if self.changed_at is None:
            self.changed_at = self._clock()

    def quiet_for(self, now: float) -> float | None:
        """Seconds since the last change that nobody saved; None when there is none, or not yet."""
        if self.changed_at is None or now < self.not_before:
            return None
        return now - self.changed_at

    def wants_saving(self) -> bool:
        """False when all clients switched automatic saving off, as upstream understands it."""
        states = [state for state in self.room.awareness.states.values() if state]
        return not states or any(state.get("autosave", True) for state in states)

    def close(self) -> None:
        """Stop watching."""
        for shared, subscription in self._subscriptions:
            shared.unobserve(subscription)


class Autosave:
    """One task for all rooms of a server.

    Args:
        rooms: the live rooms by name, as upstream keeps them.
        delay: seconds of quiet before a save while no daemon lives; None never saves.
        orphans: where rooms go whose file was deleted.
    """

    def __init__(
        self,
        rooms: Callable[[], Mapping[str, YRoom]],
        delay: float | None,
        orphans: Orphans,
        log: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rooms = rooms
        self._delay = delay
        self._orphans = orphans
        self._log = log
        self._clock = clock
        self._watches: dict[str, RoomWatch] = {}

    def watch(self, room: DocumentRoom) -> None:
        """Begin to watch a room whose content has just been loaded; twice is once."""
        known = self._watches.get(room.room_id)
        if known is not None and known.room is room:
            return
        if known is not None:
            known.close()
        room._file.attend(room)
        self._watches[room.room_id] = RoomWatch(room, self._clock)

    async def run(self) -> None:
        """Look after all rooms until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(TICK_SECONDS)
                self._find_rooms()
                for watch in list(self._watches.values()):
                    if not watch.busy and watch.quiet_for(self._clock()) is not None:
                        # Each for itself: a daemon may take seconds to answer for one file.
                        watch.busy = True
                        group.create_task(self._look_after(watch))

    async def save_all(self) -> None:
        """Save everything that nobody else will save; for the end of the server."""
        for watch in list(self._watches.values()):
            if watch.changed_at is None:
                continue
            if watch.loader.path_exists():
                await self._save(watch, only_without_daemon=True)
            else:
                await self._bring_back(watch)

    def _find_rooms(self) -> None:
        rooms = self._rooms()
        for room in list(rooms.values()):
            if isinstance(room, DocumentRoom) and room.ready:
                self.watch(room)
        for name, watch in list(self._watches.items()):
            if rooms.get(name) is not watch.room:
                watch.close()
                del self._watches[name]

    async def _look_after(self, watch: RoomWatch) -> None:
        try:
            await self._save_or_ask(watch)
        except Exception:  # noqa: BLE001 - the edge of a task: one room's trouble is not the others'
            self._log.exception("rtcd: looking after %s failed", watch.room.room_id)
            watch.not_before = self._clock() + RETRY_SECONDS
        finally:
            watch.busy = False

    async def _save_or_ask(self, watch: RoomWatch) -> None:
        quiet = watch.quiet_for(self._clock())
        if quiet is None:
            return
        if not watch.loader.path_exists():
            if quiet >= BRING_BACK_AFTER_SECONDS and watch.wants_saving():
                await self._bring_back(watch)
        elif watch.loader.project.liveness.alive():
            if quiet >= ASK_DAEMON_AFTER_SECONDS:
                await self._ask_daemon(watch)
        elif self._delay is not None and quiet >= self._delay and watch.wants_saving():
            await self._save(watch)

    async def _bring_back(self, watch: RoomWatch) -> None:
        """The file was deleted; what was typed since must be somewhere."""
        asked_at = watch.changed_at
        edited = self._orphans.is_edited(watch.room)
        if edited and not await self._orphans.bring_back(watch.room):
            watch.not_before = self._clock() + RETRY_SECONDS
        elif watch.changed_at == asked_at:
            watch.changed_at = None

    async def _ask_daemon(self, watch: RoomWatch) -> None:
        asked_at = watch.changed_at
        try:
            await watch.loader.flush()
        except NotSharedError:
            if self._delay is not None and watch.wants_saving():
                await self._save(watch)
        except DaemonGoneError:
            pass  # the next tick saves
        except FlushFailedError as error:
            self._log.warning("rtcd: %s", error.message)
            watch.not_before = self._clock() + RETRY_SECONDS
        else:
            if watch.changed_at == asked_at:
                watch.changed_at = None

    async def _save(self, watch: RoomWatch, *, only_without_daemon: bool = False) -> None:
        if only_without_daemon and watch.loader.project.liveness.alive(fresh=True):
            return
        saving = watch.room._save_to_disc()
        if saving is None:
            return  # the room is busy with itself; the next tick comes soon
        watch.changed_at = None
        await saving
        if watch.loader.outcome is SaveOutcome.FAILED:
            watch.mark_unsaved()
            watch.not_before = self._clock() + RETRY_SECONDS
