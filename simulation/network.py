"""Connections between programs and the server: slow, cut, or silent.

A message takes a random time, and messages of one connection stay in order. A *cut* ends a
connection for both ends; a *stall* swallows what is sent, in both directions, without a word
(a half-open connection), until somebody loses patience.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from rtcd.errors import ServerUnreachableError
from rtcd.rooms.timing import RoomTiming
from rtcd.rooms.websocket import Link
from simulation.loop import CURRENT, VirtualLoop

if TYPE_CHECKING:
    from simulation.server import Server

NOWHERE = contextvars.Context()


class ServerEnd(Protocol):
    """Who answers at the other end of a wire."""

    def receive(self, wire: Wire, message: bytes | str) -> None: ...

    def left(self, wire: Wire) -> None: ...


class Place:
    """One computer's way to the server; times are seconds."""

    def __init__(self, loop: VirtualLoop, rng: random.Random) -> None:
        self.loop = loop
        self.rng = rng
        self.base = rng.choice([0.0005, 0.002, 0.02, 0.08])
        self.spread = rng.choice([0.2, 1.0, 3.0])
        self.is_down = False
        self.wires: list[Wire] = []

    def delay(self) -> float:
        """How long the next message takes."""
        return self.base * (1 + self.rng.random() * self.spread)

    def cut(self) -> None:
        """End every connection at once."""
        for wire in list(self.wires):
            wire.end(1006, "")

    def stall(self) -> None:
        """From now on the connections that are open take nowhere, and nobody is told."""
        for wire in self.wires:
            wire.is_stalled = True


class Wire:
    """One WebSocket: the client's end (what ``rtcd`` calls a link), and the way to the server's."""

    close_code_of = staticmethod(Link.close_code_of)

    def __init__(self, place: Place, server: Server) -> None:
        self.place = place
        self.server = server
        self.received = 0
        self.is_stalled = False
        self.far: ServerEnd | None = None
        self._loop = place.loop
        self._incoming: deque[bytes | str] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._closed: tuple[int, str] | None = None
        self._due_up = self._due_down = 0.0
        place.wires.append(self)
        server.wires.append(self)

    # ------------------------------------------------------------------ the client's end

    async def recv(self) -> bytes | str:
        """The next message."""
        while not self._incoming:
            self._raise_if_closed()
            self._reader = self._loop.create_future()
            await self._reader
        return self._incoming.popleft()

    async def send(self, message: bytes | str) -> None:
        """Hand a message to the network."""
        self._raise_if_closed()
        if not self.is_stalled:
            self._due_up = max(self._due_up + 1e-7, self._loop.time() + self.place.delay())
            self._later(self._due_up, self._arrive_at_server, message)

    async def ping(self) -> None:
        """Ask for a sign of life."""
        self._raise_if_closed()
        if not self.is_stalled:
            self._later(self._loop.time() + 2 * self.place.delay(), self._pong)

    async def close(self) -> None:
        """Say goodbye."""
        if self._closed is None and not self.is_stalled:
            self._due_up = max(self._due_up + 1e-7, self._loop.time() + self.place.delay())
            self._later(self._due_up, self._leave_server)
        self._finish(1000, "")

    def cut(self) -> None:
        """End it without a goodbye."""
        self._finish(1006, "")

    def unsent(self) -> int:
        """Bytes that wait: the network takes everything at once."""
        return 0

    def _raise_if_closed(self) -> None:
        if self._closed is not None:
            code, reason = self._closed
            raise ConnectionClosedError(None if code == 1006 else Close(code, reason), None)

    def _finish(self, code: int, reason: str) -> None:
        if self._closed is None:
            self._closed = (code, reason)
        if self in self.place.wires:
            self.place.wires.remove(self)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _pong(self) -> None:
        if not self.is_stalled and self._closed is None and self.server.is_up:
            self.received += 6

    # ------------------------------------------------------------------ the server's end

    def deliver(self, message: bytes | str) -> None:
        """The server sends something."""
        if self.is_stalled:
            return
        self._due_down = max(self._due_down + 1e-7, self._loop.time() + self.place.delay())
        self._later(self._due_down, self._arrive_at_client, message)

    def end(self, code: int, reason: str) -> None:
        """The connection breaks, or the server closes it; both ends see it after what was sent."""
        if code == 1006:
            self._leave_server()
            self._finish(code, reason)
            return
        self._due_down = max(self._due_down + 1e-7, self._loop.time() + self.place.delay())
        self._later(self._due_down, self._finish, code, reason)

    def forget(self) -> None:
        """The server's end is gone."""
        if self in self.server.wires:
            self.server.wires.remove(self)

    def _arrive_at_server(self, message: bytes | str) -> None:
        if not self.is_stalled and self in self.server.wires and self.far is not None:
            self.server.inside(self.far.receive, self, message)

    def _leave_server(self) -> None:
        if self in self.server.wires:
            self.forget()
            if self.far is not None:
                self.server.inside(self.far.left, self)

    def _arrive_at_client(self, message: bytes | str) -> None:
        if self.is_stalled or self._closed is not None:
            return
        self.received += len(message)
        self._incoming.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _later(self, when: float, call: Callable[..., None], *args: Any) -> None:  # noqa: ANN401
        self._loop.call_at(when, call, *args, context=NOWHERE.copy())


def unreachable() -> ServerUnreachableError:
    """What rtcd makes of a refused connection."""
    return ServerUnreachableError("the simulated server does not answer")


async def open_link(address: object, route: str, timing: RoomTiming, **query: str) -> Wire:
    """``rtcd.rooms.websocket.open_link`` for the process that calls it."""
    process = CURRENT.get()
    assert process is not None
    return await connect(process.machine.place, process.machine.server, route, **query)  # type: ignore[attr-defined]


async def connect(place: Place, server: Server, route: str, **query: str) -> Wire:
    """Open a WebSocket from a place to the server."""
    await asyncio.sleep(2 * place.delay())
    if place.is_down or not server.is_up:
        raise unreachable()
    wire = Wire(place, server)
    server.inside(server.accept, wire, unquote(route.rpartition("/")[2]), query)
    return wire
