"""A stand-in for the daemon: holds the lock, answers at the control socket."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from rtcd.places import Places

Answer = Callable[[str], Awaitable[dict[str, object]]]


@contextmanager
def lock_held(places: Places, note: str = "") -> Iterator[None]:
    """Hold the lock as a living daemon does."""
    places.make()
    descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, note.encode())
        yield
    finally:
        os.close(descriptor)


async def done(_path: str) -> dict[str, object]:
    return {"result": {}}


@asynccontextmanager
async def daemon(places: Places, answer: Answer = done) -> AsyncIterator[list[dict[str, object]]]:
    """Lock and socket; gives the list of requests that came."""
    requests: list[dict[str, object]] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        requests.append(request)
        try:
            reply = await answer(request["arguments"]["path"])
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()

    with lock_held(places):
        socket = places.control_socket
        socket.parent.mkdir(parents=True, exist_ok=True)
        socket.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(converse, str(socket))
        try:
            yield requests
        finally:
            server.close()
            socket.unlink(missing_ok=True)
