"""``RoomServer``: a room that behaves as told, well or badly, on a real WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import pycrdt
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from rtcd.crdt.sync_protocol import Step1, Step2, Update, decode_sync

Answer = Callable[[ServerConnection, bytes], Awaitable[bool]]


class RoomServer:
    """Serves one document to everybody who connects.

    Attributes:
        messages: everything that clients sent, in order.
        echo: whether updates are broadcast.
        answer: called with every message first; True means that it did all there is to do.
        reply: an HTTP answer to give instead of the handshake.
        close_with: code and reason to close every connection with, right after the handshake.
    """

    def __init__(self, text: str = "") -> None:
        self.doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
        self.text = self.doc.get("source", type=pycrdt.Text)
        self.text += text
        self.messages: list[bytes] = []
        self.echo = True
        self.answer: Answer | None = None
        self.reply: Callable[[ServerConnection, Request], Response | None] | None = None
        self.close_with: tuple[int, str] | None = None
        self.clients: set[ServerConnection] = set()
        self._server: Server | None = None
        self._updates: list[bytes] = []
        self.doc.observe(lambda event: self._updates.append(event.update))

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}/"

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            0,
            compression=None,
            max_size=None,
            process_request=lambda link, request: self.reply(link, request) if self.reply else None,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def broadcast(self, message: bytes) -> None:
        """Send to everybody."""
        await asyncio.gather(*(client.send(message) for client in self.clients))

    async def _serve(self, client: ServerConnection) -> None:
        if self.close_with is not None:
            await client.close(*self.close_with)
            return
        self.clients.add(client)
        try:
            await client.send(Step1(self.doc.get_state()).encode())
            async for message in client:
                assert isinstance(message, bytes)
                self.messages.append(message)
                if self.answer is None or not await self.answer(client, message):
                    await self._do(client, message)
        except ConnectionClosed:
            pass
        finally:
            self.clients.discard(client)

    async def _do(self, client: ServerConnection, message: bytes) -> None:
        if message[0] == 1:
            await self.broadcast(message)
        if message[0] != 0:
            return
        sync = decode_sync(message)
        if isinstance(sync, Step1):
            await client.send(Step2(self.doc.get_update(sync.state_vector)).encode())
            return
        self._updates.clear()
        self.doc.apply_update(sync.update)
        for update in self._updates if self.echo else ():
            await self.broadcast(Update(update).encode())
