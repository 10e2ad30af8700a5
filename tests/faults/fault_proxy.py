"""``FaultProxy``: ``TcpProxy`` that can also make a second connection out of every one."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fakes.proxy import CHUNK, TcpProxy


class FaultProxy(TcpProxy):
    """While ``duplicate`` is set, all that a new client sends goes to the server twice.

    The second connection is a ghost: the server hears everything again, and its answers are thrown
    away. It ends with the first one.
    """

    duplicate = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.duplicate:
            await super()._serve(reader, writer)
            return
        twice = asyncio.StreamReader(limit=CHUNK)
        with suppress(OSError):
            there = await asyncio.open_connection("127.0.0.1", self.target_port)
            copier = asyncio.create_task(self._copy(reader, twice, there[1]))
            deaf = asyncio.create_task(self._hear_nothing(there[0]))
            try:
                await super()._serve(twice, writer)
            finally:
                for task in (copier, deaf):
                    task.cancel()
                there[1].transport.abort()
                await asyncio.gather(copier, deaf, return_exceptions=True)

    async def _copy(
        self, reader: asyncio.StreamReader, twice: asyncio.StreamReader, ghost: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError, OSError):
            while data := await reader.read(CHUNK):
                twice.feed_data(data)
                with suppress(ConnectionError, OSError):
                    ghost.write(data)
        twice.feed_eof()

    async def _hear_nothing(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError, OSError):
            while await reader.read(CHUNK):
                continue
