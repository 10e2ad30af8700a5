"""``Typist``: somebody who types into a room as a browser does, at next to no cost of his own.

Fifty real clients would take more of the machine than the server they are to try. A typist takes
the document once, then only sends: one update for each token, and with it where his cursor is, as
JupyterLab does. What comes in is read from the socket and thrown away.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import pycrdt
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

from rtcd.crdt.sync_protocol import EMPTY_STATE_VECTOR, Step1, Step2, Update, decode_sync
from rtcd.crdt.wire import write_bytes, write_integer, write_string
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient

TEXT_ROOM = ("text", "file")
NOTEBOOK_ROOM = ("json", "notebook")
OPEN_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Room:
    """Where a room's WebSocket is; ``url`` holds no token."""

    url: str
    token: str


async def room_of(address: ServerAddress, path: str) -> Room:
    """The room of a file of the server."""
    kind = NOTEBOOK_ROOM if path.endswith(".ipynb") else TEXT_ROOM
    async with ServerClient(address) as client:
        session = await client.document_session(path, *kind)
    base = address.url.replace("http", "ws", 1)
    route = f"api/collaboration/room/{quote(session.room_id, safe=':')}"
    return Room(f"{base}{route}?sessionId={session.session_id}", address.token.reveal())


class Typist(asyncio.Protocol):
    """One of many in a room; ``number`` tells him from the others."""

    def __init__(self, room: Room, number: int) -> None:
        self.number = number
        self.document: pycrdt.Doc = pycrdt.Doc()  # type: ignore[type-arg]
        self._wire = ClientProtocol(parse_uri(room.url), max_size=None)
        self._request = self._wire.connect()
        self._request.headers["Authorization"] = f"token {room.token}"
        self._pulled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._updates: list[bytes] = []
        self._cursor_clock = 0
        self.received = 0

    @classmethod
    async def joined(cls, room: Room, number: int) -> Typist:
        """In the room, with its document."""
        at = urlsplit(room.url)
        _, typist = await asyncio.get_running_loop().create_connection(
            lambda: cls(room, number), at.hostname, at.port
        )
        async with asyncio.timeout(OPEN_SECONDS):
            await typist._pulled
        typist.document.observe(lambda event: typist._updates.append(event.update))
        return typist

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._wire.send_request(self._request)
        self._push()

    def data_received(self, data: bytes) -> None:
        """Something from the server; of interest only until the document is there."""
        self.received += len(data)
        if self._pulled.done():
            return
        was_open = self._wire.state is State.OPEN
        self._wire.receive_data(data)
        if not was_open and self._wire.state is State.OPEN:
            self._send(Step1(EMPTY_STATE_VECTOR).encode())
        for event in self._wire.events_received():
            message = bytes(getattr(event, "data", b""))
            if message[:2] == b"\0\1":
                told = decode_sync(message)
                assert isinstance(told, Step2)
                self.document.apply_update(told.update)
                self._pulled.set_result(None)
        self._push()

    def type(self, token: str, *, cursor: bool) -> None:
        """Append a token to the own line, which begins with the own name."""
        text = self.document.get("source", type=pycrdt.Text)
        line = str(text).index(f"{name_of(self.number)}:")
        end = str(text).index("\n", line)
        text.insert(end, f" {token}")
        self.send_edits()
        if cursor:
            self.show_cursor(end)

    def send_edits(self) -> None:
        """Send what was edited in ``document`` since the last time."""
        for update in self._updates:
            self._send(Update(update).encode())
        self._updates.clear()

    def show_cursor(self, at: int) -> None:
        """Tell the others of a cursor, and that this is somebody in JupyterLab."""
        self._cursor_clock += 1
        name = name_of(self.number)
        state = {
            "user": {"username": name, "name": name, "display_name": name, "color": "#336699"},
            "autosave": True,
            "cursors": [{"anchor": {"assoc": 0}, "head": {"assoc": 0}, "at": at, "primary": True}],
        }
        self._send(awareness(self.document.client_id, self._cursor_clock, state))

    def leave(self) -> None:
        """Close the connection."""
        self._transport.abort()

    def _send(self, message: bytes) -> None:
        self._wire.send_binary(message)
        self._push()

    def _push(self) -> None:
        for data in self._wire.data_to_send():
            if data:
                self._transport.write(data)


def name_of(number: int) -> str:
    return f"p{number:02d}"


def awareness(client_id: int, clock: int, state: dict[str, object]) -> bytes:
    """One awareness message of one client."""
    told = b"".join(
        (write_integer(1), write_integer(client_id), write_integer(clock))
    ) + write_string(json.dumps(state))
    return b"\x01" + write_bytes(told)
