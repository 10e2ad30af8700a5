"""A small client of one room, for tests of the server: not rtcd's own, so that both can be wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from pycrdt import (
    Array,
    Decoder,
    Doc,
    Encoder,
    Map,
    Text,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)
from websockets.asyncio.client import ClientConnection, connect

from rtcd.server.address import ServerAddress

SYNC, RAW = 0, 2


class RoomClient:
    """Holds a document that follows the room; ``doc["source"]`` and ``doc["state"]`` are there."""

    def __init__(self, socket: ClientConnection, file_id: str) -> None:
        self.file_id = file_id
        self.doc: Doc = Doc()
        self.doc["source"] = self.text = Text()
        self.doc["state"] = self.state = Map()
        self._init(socket)

    def _init(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._synced = asyncio.Event()
        self._replies: dict[int, asyncio.Future[str]] = {}
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self._foreign = False
        self.doc.observe(self._on_change)

    @property
    def content(self) -> str:
        return str(self.text)

    def _on_change(self, event) -> None:
        if not self._foreign:
            self._out.put_nowait(create_update_message(event.update))

    async def _send(self) -> None:
        while True:
            await self._socket.send(await self._out.get())

    async def _receive(self) -> None:
        await self._socket.send(create_sync_message(self.doc))
        async for message in self._socket:
            if message[0] == SYNC:
                self._foreign = True
                try:
                    reply = handle_sync_message(message[1:], self.doc)
                finally:
                    self._foreign = False
                if message[1] == 1:
                    self._synced.set()
                if reply is not None:
                    await self._socket.send(reply)
            elif message[0] == RAW:
                decoder = Decoder(message)
                decoder.read_var_uint()
                body = json.loads(decoder.read_var_string())
                if body["type"] == "save":
                    self._replies[body["responseTo"]].set_result(body["status"])

    async def save(self) -> str:
        """What Ctrl+S does; returns the server's word for how it went."""
        number = len(self._replies) + 1
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        encoder = Encoder()
        encoder.write_var_uint(RAW)
        encoder.write_var_string("save")
        encoder.write_var_uint(number)
        while not self._out.empty():
            await asyncio.sleep(0.001)
        await self._socket.send(encoder.to_bytes())
        async with asyncio.timeout(60):
            return await reply


class NotebookClient(RoomClient):
    """The same for a notebook."""

    def __init__(self, socket: ClientConnection, file_id: str) -> None:
        self.file_id = file_id
        self.doc = Doc()
        self.doc["cells"] = self.cells = Array()
        self.doc["meta"] = Map()
        self.doc["state"] = self.state = Map()
        self._init(socket)


def headers(address: ServerAddress) -> dict[str, str]:
    return {"Authorization": f"token {address.token.reveal()}"}


@asynccontextmanager
async def joined(
    address: ServerAddress,
    path: str,
    kind: tuple[str, str] = ("text", "file"),
    client: type[RoomClient] = RoomClient,
) -> AsyncIterator[RoomClient]:
    """Join the room of a file and wait for its content."""
    # Without TLS nobody needs the certificates of the system, which take long to read.
    async with httpx.AsyncClient(headers=headers(address), verify=False, timeout=60.0) as http:
        reply = await http.put(
            f"{address.url}api/collaboration/session/{path}",
            json={"format": kind[0], "type": kind[1]},
        )
    session = reply.raise_for_status().json()
    room = f"{kind[0]}:{kind[1]}:{session['fileId']}"
    url = address.url.replace("http", "ws", 1) + f"api/collaboration/room/{room}"
    async with connect(
        f"{url}?sessionId={session['sessionId']}",
        additional_headers=headers(address),
        max_size=None,
        open_timeout=60,
    ) as socket:
        made = client(socket, session["fileId"])
        tasks = [asyncio.create_task(made._receive()), asyncio.create_task(made._send())]
        try:
            async with asyncio.timeout(90):
                await made._synced.wait()
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until(claim: Callable[[], object], seconds: float = 40.0) -> None:
    """Wait until a claim holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not claim():
            await asyncio.sleep(0.02)
