"""``TcpProxy``: a bad network between a client and a server on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = 16 * 1024


class TcpProxy:
    """Passes TCP connections to ``target_port`` on 127.0.0.1, as badly as it is told.

    ``port`` is where clients connect. All switches work at once, on open connections too:

    - ``stall``: nothing goes through in either direction, nobody is told (a half-open link);
      ``resume`` lets what was held back through.
    - ``drop``: what comes is thrown away silently until ``resume``.
    - ``delay``: seconds that every piece waits, each way.
    - ``rate``: bytes per second and direction, None for no limit.
    - ``corrupt``: a function applied to every piece on its way to the client.
    - ``cut``: ends all connections at once; ``refuse`` also does not take new ones.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.delay = 0.0
        self.rate: float | None = None
        self.corrupt: Callable[[bytes], bytes] | None = None
        self.refuse = False
        self.passed = 0
        self._dropping = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        # Else the kernel takes in megabytes and a slow link looks like a fast one to the sender.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * CHUNK)
        self._server = await asyncio.start_server(self._serve, sock=listener, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.resume()
        while self._writers:
            self.cut()
            await asyncio.sleep(0.001)
        await self._server.wait_closed()

    def url(self, url: str) -> str:
        """The same address, through here."""
        return url.replace(f":{self.target_port}/", f":{self.port}/")

    def stall(self) -> None:
        """Hold everything back."""
        self._flowing.clear()

    def drop(self) -> None:
        """Throw everything away."""
        self._dropping = True

    def resume(self) -> None:
        """Let everything through."""
        self._dropping = False
        self._flowing.set()

    def cut(self) -> None:
        """Reset all connections."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, there[1], to_client=False))
                group.create_task(self._pass(there[0], writer, to_client=True))
        finally:
            for one in (writer, there[1]):
                self._writers.discard(one)
                one.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool
    ) -> None:
        with suppress(ConnectionError, OSError):
            while data := await reader.read(CHUNK):
                await self._flowing.wait()
                if self._dropping:
                    continue
                wait = self.delay + (len(data) / self.rate if self.rate else 0.0)
                if wait:
                    await asyncio.sleep(wait)
                    await self._flowing.wait()
                if to_client and self.corrupt is not None:
                    data = self.corrupt(data)
                writer.write(data)
                self.passed += len(data)
                await writer.drain()
            writer.write_eof()
