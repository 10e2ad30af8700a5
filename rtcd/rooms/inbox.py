"""The events of one room, waiting for a slow reader without piling up."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TypeGuard

from rtcd.crdt.sync_protocol import merge_updates
from rtcd.errors import UpdateRefusedError
from rtcd.rooms.events import AwarenessChanged, RoomClosed, RoomEvent, RoomUpdated

MERGE_FROM_EVENTS = 64


class Inbox:
    """A mailbox with one reader. Never more than some 64 events, our own updates aside.

    Updates of others that wait together are fetched as one: what a reader does for an update, he does
    once for all that came while he was busy. Of several lists of people the last counts. Both lose
    nothing: an update merged is the same edit, a list of people is a whole one.
    """

    def __init__(self) -> None:
        self._events: deque[RoomEvent] = deque()
        self._merge_at = MERGE_FROM_EVENTS
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: RoomEvent) -> None:
        """Add an event."""
        if isinstance(event, AwarenessChanged):
            self._events = deque(e for e in self._events if not isinstance(e, AwarenessChanged))
        self._events.append(event)
        if len(self._events) >= self._merge_at:
            self._merge()
            self._merge_at = len(self._events) + MERGE_FROM_EVENTS
        self._arrived.set()

    async def get(self) -> RoomEvent:
        """The next event, when there is one."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        if len(self._events) > 1 and is_of_others(self._events[0]):
            return self._take_run()
        return self._events.popleft()

    def _take_run(self) -> RoomEvent:
        """Updates of others up to the next event of another kind, as one."""
        run, merged = list[bytes](), deque[RoomEvent]()
        while self._events and is_of_others(event := self._events[0]):
            run.append(event.update)
            self._events.popleft()
        _flush(run, merged)
        self._events.extendleft(reversed(merged))
        return self._events.popleft()

    def _merge(self) -> None:
        events, run = deque[RoomEvent](), list[bytes]()
        for event in self._events:
            if is_of_others(event):
                run.append(event.update)
                continue
            if isinstance(event, RoomUpdated | RoomClosed):
                _flush(run, events)
            events.append(event)
        _flush(run, events)
        self._events = events


def is_of_others(event: RoomEvent) -> TypeGuard[RoomUpdated]:
    """True for an update that somebody else made."""
    return isinstance(event, RoomUpdated) and not event.own


def _flush(run: list[bytes], events: deque[RoomEvent]) -> None:
    """Put the updates gathered in ``run`` behind ``events`` as one, and empty it."""
    try:
        merged = [merge_updates(run)] if len(run) > 1 else list(run)
    except UpdateRefusedError:
        merged = list(run)
    events.extend(RoomUpdated(update, own=False) for update in merged)
    run.clear()
