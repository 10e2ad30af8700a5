"""The transient room ``rtcd``: how the daemons of one server talk to each other.

They announce what they did to files (``news.py``), and agree who goes first with one
(``claims.py``). Both are lists in the room's own little document: whoever joins pulls it, whoever
is there hears of every change in the server's order. Lists and not maps, because deleted items at
the end of a list leave next to nothing behind. The server does not store the room; it lives as long
as the server.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from rtcd.content import JsonObject
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Array
from rtcd.errors import RtcdError, ServerUnreachableError
from rtcd.rooms.claims import SAFE_PART, ClaimTable, client_of, format_claim, parse_claim
from rtcd.rooms.connection import Clock, RoomConnection
from rtcd.rooms.events import RoomUpdated
from rtcd.rooms.news import Announcement, Hearing, format_item, key_of
from rtcd.rooms.person import Person, clean_name
from rtcd.rooms.timing import RoomTiming
from rtcd.server.address import ServerAddress

ROOM = "rtcd"
MAX_WAITING = 100_000
KEEP_NEWS_SECONDS = 30.0
SWEEP_SECONDS = 3.0
"""The list of news may be long after a checkout: it is walked through now and then only."""


@dataclass(frozen=True, slots=True)
class ClaimTiming:
    """A holder that dies is noticed after ``lease`` to ``lease + renew`` seconds."""

    renew: float = 3.0
    lease: float = 9.0


class Announcements:
    """One daemon in the room. Make it with ``open``; when the connection breaks, make another."""

    def __init__(self, room: RoomConnection, timing: ClaimTiming, clock: Clock) -> None:
        self._room = room
        self._timing = timing
        self._clock = clock
        self._document = SharedDoc()
        self._claims: Array[Any] = self._document.raw.get("claims", type=Array)
        self._news: Array[Any] = self._document.raw.get("news", type=Array)
        self._table = ClaimTable(room.client_id, timing.lease, clock())
        self._hearing = Hearing(room.client_id)
        self._put_in: list[object] = []
        self._swept_at = clock()
        self._news.observe(self._news_changed)
        # Claims that we hold, by file; claims on their way, by update; news by the time it was told.
        self._held: dict[str, str] = {}
        self._claiming: dict[bytes, str] = {}
        self._told: deque[tuple[float, str]] = deque()
        self._number = 0
        self._waiting: deque[Announcement] = deque(maxlen=MAX_WAITING)
        self._changed = asyncio.Condition()
        self._editing = asyncio.Lock()
        self._pump_task: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        address: ServerAddress,
        *,
        user: JsonObject,
        timing: ClaimTiming | None = None,
        room_timing: RoomTiming | None = None,
        clock: Clock = time.monotonic,
        room_id: str = ROOM,
    ) -> Announcements:
        """Join the room. Announcements from before are not told: compare everything once.

        Raises:
            ServerUnreachableError: nobody answers.
            ServerRefusedError: the token is not good.
        """
        timing = timing or ClaimTiming()
        room = await RoomConnection.open(
            address,
            None,
            room_id,
            user=user,
            autosave=False,
            timing=replace(
                room_timing or RoomTiming(),
                renew=timing.renew,
                break_after=timing.lease * SAFE_PART,
            ),
            clock=clock,
        )
        self = cls(room, timing, clock)
        try:
            self._document.apply_update(room.pulled)
        except BaseException:
            await room.close()
            raise
        self._look()
        self._waiting.clear()
        self._pump_task = asyncio.create_task(self._pump(), name="announcements")
        return self

    @property
    def is_closed(self) -> bool:
        """True when the connection is over, and all claims with it."""
        return self._room.is_closed

    def people(self) -> list[Person]:
        """The other daemons."""
        return self._room.people()

    async def announce(self, *announcements: Announcement) -> None:
        """Tell all others; an empty ``by`` is filled with our name.

        Raises:
            ServerUnreachableError: the connection is over.
        """
        user = (self._room.own_state or {}).get("user") or {}
        name = clean_name(user.get("display_name"))
        now = self._clock()
        named = [replace(one, by=one.by or name) for one in announcements]
        items = [format_item(self._new_key(), one) for one in named]
        self._told.extend((now, item["key"]) for item in items)

        def edit() -> None:
            # What was told long ago has been heard by all who were here; many are taken out at once.
            self._remove_news(self._forget_told(now - KEEP_NEWS_SECONDS))
            self._news.extend(items)

        await self._edit(edit)

    async def incoming(self) -> AsyncIterator[Announcement]:
        """What others announce; ends with the connection. For one reader."""
        while True:
            async with self._changed:
                while not self._waiting and not self.is_closed:
                    await self._changed.wait()
            if not self._waiting:
                return
            yield self._waiting.popleft()

    async def claim(self, file_id: str) -> None:
        """Wait until we are the only daemon that may act on this file; then act soon.

        Cancelling it gives the claim up. Any text will do for ``file_id``. Claims of this same
        daemon queue up behind each other as those of others do.

        Raises:
            ServerUnreachableError: the connection is over; nothing is claimed.
        """
        while True:
            key = self._new_key()
            try:
                if await self._queue_up(key, file_id):
                    self._held[file_id] = key
                    return
            except BaseException:
                with suppress(ServerUnreachableError):
                    await asyncio.shield(self._erase([key]))
                raise
            await self._erase([key])

    async def release(self, file_id: str) -> None:
        """Give the claim back; nothing happens without one, or after the connection ended."""
        key = self._held.pop(file_id, None)
        if key is not None:
            with suppress(ServerUnreachableError):
                await self._erase([key])
            await self._wake()

    @asynccontextmanager
    async def claimed(self, file_id: str) -> AsyncIterator[None]:
        """``claim`` and ``release`` around a block."""
        await self.claim(file_id)
        try:
            yield
        finally:
            await self.release(file_id)

    def holds(self, file_id: str) -> bool:
        """True while we may act: others cannot take us for dead yet. Look again before acting."""
        key = self._held.get(file_id)
        if key is None or self.is_closed:
            return False
        self._see_clients()
        return self._table.is_held(key, self._clock())

    async def close(self) -> None:
        """Release everything and leave."""
        with suppress(RtcdError):
            await self._erase(list(self._held.values()))
            await self._edit(lambda: self._remove_news({key for _, key in self._told}))
        self._held.clear()
        await self._room.close()
        if self._pump_task is not None:
            await self._pump_task

    async def _queue_up(self, key: str, file_id: str) -> bool:
        """Make a claim and wait until it is ours; False when a break in the link made it void."""
        self._table.made(key, self._clock())
        await self._edit(lambda: self._claims.append(format_claim(key, file_id)), key)
        while file_id in self._held or not self._table.is_held(key, self._clock()):
            if self._table.is_void(key):
                return False
            await self._wait_for_change()
        return True

    def _new_key(self) -> str:
        self._number += 1
        return f"{self._room.client_id}.{self._number}"

    async def _edit(self, edit: Callable[[], object], claim: str | None = None) -> None:
        """Change the document and send what changed; edits reach the server in order."""
        async with self._editing:
            updates: list[bytes] = []
            stop = self._document.on_update(lambda update, _: updates.append(update))
            try:
                with self._document.transaction("rtcd"):
                    edit()
            finally:
                stop()
            for update in updates:
                if claim is not None:
                    self._claiming[update] = claim
                await self._room.send_update(update)

    async def _erase(self, keys: list[str]) -> None:
        for key in keys:
            self._table.forget(key)
        await self._edit(lambda: self._remove_claims(set(keys)))

    def _remove_claims(self, keys: set[str]) -> None:
        for index, item in reversed(list(enumerate(self._claims))):
            found = parse_claim(item)
            if found is not None and found[0] in keys:
                del self._claims[index]

    def _remove_news(self, keys: set[str]) -> None:
        if keys:
            for index, item in reversed(list(enumerate(self._news))):
                if key_of(item) in keys:
                    del self._news[index]

    def _forget_told(self, until: float) -> set[str]:
        old: set[str] = set()
        if not self._told or self._told[0][0] >= until - KEEP_NEWS_SECONDS:
            return old
        while self._told and self._told[0][0] < until:
            old.add(self._told.popleft()[1])
        return old

    async def _wait_for_change(self) -> None:
        if self.is_closed:
            raise ServerUnreachableError("the connection to the other daemons is closed")
        try:
            async with asyncio.timeout(self._timing.renew / 2), self._changed:
                await self._changed.wait()
        except TimeoutError:
            # A dead owner sends nothing: its time runs out quietly.
            self._see_clients()

    async def _pump(self) -> None:
        async for event in self._room.events():
            if isinstance(event, RoomUpdated):
                self._take(event)
            if isinstance(event, RoomUpdated) and event.own:
                # Our own words, back: they order claims, and hold no news.
                self._see_clients()
            else:
                self._look()
                await self._sweep()
            await self._wake()

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _sweep(self) -> None:
        """Take out what the dead left behind."""
        if self._clock() - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = self._clock()
        claims = set(self._table.dead_keys())
        there = {key_of(item) for item in self._news}
        self._hearing.keep_only(there)
        news = {key for key in there if self._table.is_dead(client_of(key))}

        def edit() -> None:
            self._remove_claims(claims)
            self._remove_news(news)

        if (claims or news) and not self.is_closed:
            with suppress(ServerUnreachableError):
                await self._edit(edit)

    def _take(self, event: RoomUpdated) -> None:
        if not event.own:
            with suppress(RtcdError):
                self._document.apply_update(event.update)
        key = self._claiming.pop(event.update, None) if event.own else None
        self._see_claims()
        if key is not None:
            self._table.ordered(key)

    def _look(self) -> None:
        self._see_claims()
        self._see_clients()
        new, self._put_in = self._put_in, []
        if self._document.observers_may_miss:
            self._waiting.extend(self._hearing.hear(list(self._news)))
        else:
            self._waiting.extend(self._hearing.hear_new(new))

    def _news_changed(self, event: Any) -> None:  # noqa: ANN401 - the library's event
        for part in event.delta:
            self._put_in.extend(part.get("insert", ()))

    def _see_claims(self) -> None:
        found = (parse_claim(item) for item in self._claims)
        self._table.see_claims(dict(claim for claim in found if claim is not None), self._clock())

    def _see_clients(self) -> None:
        room = self._room
        self._table.see_clients(room.heard_at(), room.confirmed_at, room.unbroken_since)
