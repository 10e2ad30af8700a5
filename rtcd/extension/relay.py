"""What is said in a room, on its way to everybody there and into the update store.

Theory of operation. Upstream starts a task for every message and client, and one more that stores
the update in a transaction of its own: with fifty people in a room that is more than a processor can
do, and everybody waits ever longer. Here one task of the room sends whatever has come together since
it last did: the updates in the order in which the room took them, as the very messages that upstream would send,
then what people say of themselves, several of them in one message; one write to each socket. Then it rests for a few times what that took, and not at all to speak of in a small
room; a message that comes alone goes out at once. Another task stores what has come together, as one
update that holds all of them.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from logging import Logger
from typing import Any

import pycrdt
from pycrdt import (
    Channel,
    YMessageType,
    create_awareness_message,
    create_update_message,
    read_message,
)
from pycrdt.store import BaseYStore
from pycrdt.websocket import WebsocketServer, YRoom
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketProtocol13

REST_DUTY = 8
MAX_REST_SECONDS = 0.05
UPSTREAMS = ("_watch_ready", "_broadcast_updates")
RELAY = "rtcd_relay"
BINARY_FRAME = 0x82
SHORT, MEDIUM = 126, 1 << 16


def relay_rooms(server: WebsocketServer, log: Logger) -> None:
    """Every room that this server starts from now on has a relay."""
    start_room: Callable[[YRoom], Any] = server.start_room

    async def start_with_relay(room: YRoom) -> None:
        if not room.started.is_set():
            Relay(room, log).take_over()
        await start_room(room)

    server.start_room = start_with_relay


def send_now(room: YRoom) -> None:
    """Whatever was said in this room is on its way when this returns."""
    relay: Relay | None = getattr(room, RELAY, None)
    if relay is not None:
        relay.send_now()


class Relay:
    """One room's; ``clock`` is the processor's: that the machine is busy is no reason to rest longer."""

    def __init__(
        self, room: YRoom, log: Logger, clock: Callable[[], float] = time.thread_time
    ) -> None:
        self._room = room
        self._log = log
        self._clock = clock
        self._messages: list[bytes] = []
        self._presence: list[bytes] = []
        self._spoke: set[int] = set()
        self._unstored: list[bytes] = []
        self._news = asyncio.Event()
        self._to_store = asyncio.Event()

    def take_over(self) -> None:
        """Stand in for upstream's own; before the room is started."""
        if not all(hasattr(self._room, name) for name in UPSTREAMS):
            self._log.warning("rtcd: rooms of this version are relayed by upstream's own code")
            return
        setattr(self._room, RELAY, self)
        self._room._watch_ready = self._watch_ready
        self._room._broadcast_updates = self._run
        self._room.on_message = self._on_message
        self._room.awareness.observe(self._on_presence)

    # What comes in

    async def _watch_ready(self) -> None:
        room = self._room
        await room.ready_event.wait()
        if room._subscription is not None:
            room.ydoc.unobserve(room._subscription)  # upstream begins again after a failure
        room._subscription = room.ydoc.observe(self._on_update)
        room.ydoc_observed.set()

    def _on_update(self, event: pycrdt.TransactionEvent) -> None:
        self._put(create_update_message(event.update))
        if self._room.ystore is not None:
            self._unstored.append(event.update)
            self._to_store.set()

    def _on_message(self, message: bytes) -> bool:
        """Relay what somebody tells of himself; True: upstream need not do it."""
        if message[0] != YMessageType.AWARENESS:
            return False
        # What cannot be read raises, and is not passed on.
        self._room.awareness.apply_awareness_update(read_message(message[1:]), self._room)
        self._presence.append(message)
        self._news.set()
        return True

    def _on_presence(self, topic: str, change: tuple[Mapping[str, Sequence[int]], object]) -> None:
        ids, origin = change
        if topic == "update" and origin is self._room:
            self._spoke.update(*ids.values())

    def _take_presence(self) -> Sequence[bytes]:
        """The word of one person as it came; of several, the last word of each, in one message."""
        messages, self._presence = self._presence, []
        spoke, self._spoke = sorted(self._spoke), set()
        if len(messages) < 2 or not spoke:
            return messages
        return [create_awareness_message(self._room.awareness.encode_awareness_update(spoke))]

    def _put(self, message: bytes) -> None:
        self._messages.append(message)
        self._news.set()

    # What goes out

    async def _run(self) -> None:
        """Instead of upstream's broadcasting; ends with the room's tasks."""
        self._room._update_send_stream.close()
        self._room._update_receive_stream.close()
        async with asyncio.TaskGroup() as tasks:
            if self._room.ystore is not None:
                tasks.create_task(self._store(self._room.ystore))
            tasks.create_task(self._send())

    async def _send(self) -> None:
        while True:
            await self._news.wait()
            began = self._clock()
            self.send_now()
            rest = min(MAX_REST_SECONDS, REST_DUTY * (self._clock() - began))
            await asyncio.sleep(rest)

    def send_now(self) -> None:
        """Send everything that waits."""
        # After the updates: whose own word comes back has heard all that was said before it.
        messages, self._messages = [*self._messages, *self._take_presence()], []
        self._news.clear()
        if messages:
            self._send_to_all(messages)

    def _send_to_all(self, messages: Sequence[bytes]) -> None:
        frames = b"".join(map(frame, messages))
        for client in list(self._room.clients):
            try:
                send_frames(client, frames, messages)
            except Exception:  # noqa: BLE001 - one connection's trouble is not the others'
                self._log.exception("rtcd: nothing could be sent to a client of %s", client.path)

    async def _store(self, store: BaseYStore) -> None:
        async with store.start_lock:
            if not store.started.is_set():
                assert self._room._task_group is not None
                await self._room._task_group.start(store.start)
        while True:
            await self._to_store.wait()
            self._to_store.clear()
            updates, self._unstored = self._unstored, []
            try:
                for update in joined(updates):
                    await store.write(update)
            except Exception:  # noqa: BLE001 - the edge of a task
                # The file has all of it; the store spares clients a reload after a restart.
                self._log.exception("rtcd: an update was not stored")


def send_frames(client: Channel, frames: bytes, messages: Sequence[bytes]) -> None:
    """Give a client's socket what is in ``frames``, which are ``messages`` as WebSocket frames."""
    connection = getattr(client, "ws_connection", None)
    if connection is None or connection.is_closing():
        return
    try:
        if isinstance(connection, WebSocketProtocol13) and connection._compressor is None:
            connection.stream.write(frames)
        else:
            for message in messages:
                connection.write_message(message, binary=True)
    except (StreamClosedError, WebSocketClosedError):
        pass  # it left at this moment, and upstream is about to hear of it


def frame(message: bytes) -> bytes:
    """A binary message of a server as one frame (RFC 6455, 5.2)."""
    size = len(message)
    if size < SHORT:
        return struct.pack("!BB", BINARY_FRAME, size) + message
    if size < MEDIUM:
        return struct.pack("!BBH", BINARY_FRAME, SHORT, size) + message
    return struct.pack("!BBQ", BINARY_FRAME, SHORT + 1, size) + message


def joined(updates: Sequence[bytes]) -> Sequence[bytes]:
    """Few updates that do together what all of these do."""
    try:
        return [pycrdt.merge_updates(*updates)] if len(updates) > 1 else updates
    except (ValueError, RuntimeError):
        return updates
