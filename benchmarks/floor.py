"""The floor of the latency table: the least that any synchronization of this shape has to do.

    python benchmarks/floor.py relay              a WebSocket relay on tornado; prints its port
    python benchmarks/floor.py folder DIR PORT    one folder, connected to that relay

A folder sends every file that was written and closed, whole; the relay passes messages on to all
others; a folder that receives one writes a file beside and renames it. No merging, no looking at
what is overwritten, nothing made durable, no start and no end: it is no tool, only a number to
divide by.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from asyncinotify import Inotify, Mask
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler
from websockets.asyncio.client import ClientConnection, connect

NAME_ENDS = b"\0"


class Relay(WebSocketHandler):
    """Passes every message on to all others."""

    members: set[Relay] = set()  # noqa: RUF012 - one relay a process

    def open(self, *_: str) -> None:
        """Somebody came."""
        self.set_nodelay(True)
        self.members.add(self)

    async def on_message(self, message: str | bytes) -> None:
        """Somebody said something."""
        for member in self.members - {self}:
            await member.write_message(message, binary=True)

    def on_close(self) -> None:
        """Somebody left."""
        self.members.discard(self)


async def relay() -> None:
    [listening] = bind_sockets(0, "127.0.0.1")
    HTTPServer(Application([("/", Relay)])).add_socket(listening)
    print(listening.getsockname()[1], flush=True)
    await asyncio.Event().wait()


async def folder(root: Path, port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}/", compression=None, proxy=None) as link:
        with Inotify() as inotify:
            inotify.add_watch(root, Mask.CLOSE_WRITE)
            print("ready", flush=True)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(send_saves(inotify, root, link))
                tasks.create_task(write_what_comes(root, link))


async def send_saves(inotify: Inotify, root: Path, link: ClientConnection) -> None:
    async for event in inotify:
        name = str(event.name)
        await link.send(name.encode() + NAME_ENDS + (root / name).read_bytes())


async def write_what_comes(root: Path, link: ClientConnection) -> None:
    beside = root.with_name(root.name + ".new")
    async for message in link:
        assert isinstance(message, bytes)
        name, _, data = message.partition(NAME_ENDS)
        beside.write_bytes(data)
        os.replace(beside, root / name.decode())


def main() -> None:
    match sys.argv[1:]:
        case ["relay"]:
            asyncio.run(relay())
        case ["folder", root, port]:
            asyncio.run(folder(Path(root), int(port)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
