"""What ``people.py`` and ``streams.py`` see: when each token is on each disk, and on the wire.

    python benchmarks/people_watch.py  (reads its order from standard input, as JSON)

A process of its own, so that it is not as busy as what it watches. The clock is that of the
machine (``time.monotonic``), the same in all processes. It stops when its standard input closes
and prints one JSON document.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from asyncinotify import Inotify, Mask
from websockets.asyncio.client import connect

from rtcd.crdt.sync_protocol import EMPTY_STATE_VECTOR, Step1

TOKEN = re.compile(rb"p\d\dn\d{4,}e")


class Disk:
    """One folder's file: every state of it that was seen."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.writes: list[float] = []
        self.sizes: list[int] = []
        self.seen: dict[str, float] = {}
        self._last = (0, 0, 0)

    async def watch(self) -> None:
        """Until cancelled."""
        with Inotify() as inotify:
            inotify.add_watch(self.file.parent, Mask.CLOSE_WRITE | Mask.MOVED_TO)
            async for event in inotify:
                if str(event.name) == self.file.name:
                    self._look(time.monotonic())

    def _look(self, now: float) -> None:
        try:
            with self.file.open("rb") as opened:
                found, data = os.fstat(opened.fileno()), opened.read()
        except FileNotFoundError:
            return
        # One write may be told twice: when the file comes to its name, and when it is closed.
        if (found.st_ino, found.st_mtime_ns, found.st_size) == self._last:
            return
        self._last = (found.st_ino, found.st_mtime_ns, found.st_size)
        self.writes.append(now)
        self.sizes.append(len(data))
        for token in TOKEN.findall(data):
            self.seen.setdefault(token.decode(), now)

    def told(self) -> dict[str, Any]:
        """What was seen, for JSON."""
        return {"writes": self.writes, "sizes": self.sizes, "seen": self.seen}


class Wire:
    """A plain client in the room: when an update with a token comes by."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self.seen: dict[str, float] = {}
        self.messages = 0

    async def watch(self) -> None:
        """Until cancelled."""
        headers = {"Authorization": f"token {self._token}"}
        async with connect(
            self._url, additional_headers=headers, compression=None, max_size=None, proxy=None
        ) as link:
            await link.send(Step1(EMPTY_STATE_VECTOR).encode())
            async for message in link:
                assert isinstance(message, bytes)
                now = time.monotonic()
                self.messages += 1
                if message[:2] == b"\0\2":
                    for token in TOKEN.findall(message):
                        self.seen.setdefault(token.decode(), now)

    def told(self) -> dict[str, Any]:
        """What was seen, for JSON."""
        return {"seen": self.seen, "messages": self.messages}


async def watch(order: dict[str, Any]) -> dict[str, Any]:
    disks = [Disk(Path(file)) for file in order["files"]]
    wires = [Wire(room["url"], room["token"]) for room in order["rooms"]]
    tasks = [asyncio.create_task(one.watch()) for one in (*disks, *wires)]
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    times = os.times()
    return {
        "disks": [disk.told() for disk in disks],
        "wires": [wire.told() for wire in wires],
        "cpu": times.user + times.system,
    }


def main() -> None:
    print(json.dumps(asyncio.run(watch(json.loads(sys.stdin.readline())))))


if __name__ == "__main__":
    main()
