"""How long an edit takes from where it is made to where it is seen, beside the least possible.

    python benchmarks/latency.py [--count 200] [--pause 0.05 0.15] [--cold 20] [--seed 1]

Two guest folders A and B at one stock Jupyter server, rtcd as users run it, all on this machine.
In every round each path is measured once, in random order, so that whatever else the machine does
disturbs all alike; the floor (``floor.py``) takes its turn among them. A save is ``open(name,
"w")``, write, close; it has arrived when inotify tells of a file with the new line. Pauses lie
between, as between a person's saves.

"first save" is a file that nobody had open for a while: both daemons join its room first.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from asyncinotify import Inotify, Mask
from tables import machine, percentile, run_as_installed, table

from end_to_end.project_folder import RtcdFolder
from end_to_end.stock_server import StockServer
from rtcd.content import TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.open_document import ROOM_TYPES, open_document
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.events import RoomUpdated
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient

LINES = 200
TOO_LONG_SECONDS = 20.0
FLOOR, COLD = "floor: disk A -> disk B", "disk A -> disk B, first save"
TO_ROOM, FROM_ROOM, ACROSS = "disk A -> room client", "room client -> disk A", "disk A -> disk B"
GOALS = {ACROSS: (8.0, 25.0)}


@dataclass
class Page:
    """The text of one file, edited line by line; every edit can be told from all others."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    edits: int = 0

    def __post_init__(self) -> None:
        self.lines = [f"value_{n} = compute({n}, 'line {n}')" for n in range(LINES)]

    @property
    def text(self) -> str:
        """The whole file."""
        return "\n".join(self.lines) + "\n"

    def edit(self) -> str:
        """Change one line; returns what is new in it."""
        self.edits += 1
        mark = f"edit_{self.edits:05d}"
        self.lines[self.rng.randrange(LINES)] = f"{mark} = compute({self.rng.random():.6f})"
        return mark


class Looker:
    """Sees the files of one folder as an editor does that reloads at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inotify = Inotify()
        self._inotify.add_watch(root, Mask.CLOSE_WRITE | Mask.MOVED_TO)

    def close(self) -> None:
        """Look no more."""
        self._inotify.close()

    async def seen(self, name: str, mark: str) -> float:
        """The moment when the file holds ``mark``."""
        async with asyncio.timeout(TOO_LONG_SECONDS):
            async for event in self._inotify:
                if str(event.name) == name and mark in (self._root / name).read_text():
                    return time.perf_counter()
        raise AssertionError


class RoomClient:
    """A person in a room, as a browser is."""

    def __init__(self, room: RoomConnection) -> None:
        self.room = room
        shared = SharedDoc()
        shared.apply_update(room.pulled)
        self.document = open_document("text", shared)

    @classmethod
    @contextlib.asynccontextmanager
    async def joined(cls, address: ServerAddress, path: str) -> AsyncIterator[RoomClient]:
        """In the room of a text file, until the end of the block."""
        async with ServerClient(address) as client:
            session = await client.document_session(path, *ROOM_TYPES["text"])
        user = {"username": "grace", "name": "Grace Hopper"}
        room = await RoomConnection.open(address, session, session.room_id, user=user)
        try:
            yield cls(room)
        finally:
            await room.close()

    async def seen(self, mark: str) -> float:
        """The moment when the document holds ``mark``."""
        async with asyncio.timeout(TOO_LONG_SECONDS):
            async for event in self.room.events():
                if isinstance(event, RoomUpdated) and not event.own:
                    self.document.shared.apply_update(event.update)
                    if mark in self._text():
                        return time.perf_counter()
        raise AssertionError

    async def write(self, text: str) -> None:
        """Edit the document to be ``text`` and send the update."""
        updates: list[bytes] = []
        forget = self.document.shared.on_update(lambda update, _origin: updates.append(update))
        self.document.become(TextContent(text), origin="typing")
        forget()
        for update in updates:
            await self.room.send_update(update)

    def _text(self) -> str:
        content = self.document.content()
        assert isinstance(content, TextContent)
        return content.text


@contextlib.contextmanager
def floor_folders(workplace: Path) -> Iterator[tuple[Path, Path]]:
    """Two folders kept the same by the least possible, as three processes."""
    script = str(Path(__file__).with_name("floor.py"))
    with contextlib.ExitStack() as stack:

        def run(*arguments: str) -> str:
            command = [sys.executable, script, *arguments]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            stack.callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout is not None
            stack.callback(process.stdout.close)
            return process.stdout.readline().strip()

        port = run("relay")
        folders = (workplace / "floor-a", workplace / "floor-b")
        for folder in folders:
            folder.mkdir()
            run("folder", str(folder), port)
        yield folders


def save(file: Path, text: str) -> None:
    """As most programs save."""
    with file.open("w") as opened:
        opened.write(text)


async def disk_to_disk(source: Path, looker: Looker, name: str, page: Page) -> float:
    mark = page.edit()
    text = page.text
    started = time.perf_counter()
    save(source / name, text)
    return await looker.seen(name, mark) - started


class Paths:
    """All that is measured; each method is one measurement, in seconds."""

    def __init__(self, rng: random.Random) -> None:
        self.pages = {
            name: Page(rng) for name in ("floor.py", "across.py", "to_room.py", "from_room.py")
        }

    async def floor(self, source: Path, looker: Looker) -> float:
        """The floor's disk to disk."""
        return await disk_to_disk(source, looker, "floor.py", self.pages["floor.py"])

    async def across(self, source: Path, looker: Looker) -> float:
        """Disk A to disk B."""
        return await disk_to_disk(source, looker, "across.py", self.pages["across.py"])

    async def to_room(self, source: Path, client: RoomClient) -> float:
        """Disk A to somebody in the room."""
        page = self.pages["to_room.py"]
        mark = page.edit()
        text = page.text
        started = time.perf_counter()
        save(source / "to_room.py", text)
        return await client.seen(mark) - started

    async def from_room(self, client: RoomClient, looker: Looker) -> float:
        """Somebody in the room to disk A."""
        page = self.pages["from_room.py"]
        mark = page.edit()
        text = page.text
        started = time.perf_counter()
        await client.write(text)
        return await looker.seen("from_room.py", mark) - started


async def measure(options: argparse.Namespace, workplace: Path) -> dict[str, list[float]]:
    rng = random.Random(options.seed)
    paths = Paths(rng)
    cold = {f"cold_{number:03d}.py": Page(rng) for number in range(options.cold)}
    served = workplace / "served"
    served.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        floor_a, floor_b = stack.enter_context(floor_folders(workplace))
        server = stack.enter_context(StockServer(served))
        guests = [RtcdFolder(workplace / n / "project", workplace / n / "home") for n in "ab"]
        for name, page in (paths.pages | cold).items():
            guests[0].write(name, page.text)
        for guest in guests:
            guest.start("--server", server.url, token=server.token)
            stack.callback(guest.stop)
        disk_a, disk_b = guests[0].root, guests[1].root
        lookers = [Looker(folder) for folder in (floor_b, disk_b, disk_a)]
        for looker in lookers:
            stack.callback(looker.close)
        address = ServerAddress.parse(server.url, server.token)
        writer = await stack.enter_async_context(RoomClient.joined(address, "from_room.py"))
        reader = await stack.enter_async_context(RoomClient.joined(address, "to_room.py"))
        work: dict[str, Callable[[], Awaitable[float]]] = {
            FLOOR: lambda: paths.floor(floor_a, lookers[0]),
            TO_ROOM: lambda: paths.to_room(disk_a, reader),
            FROM_ROOM: lambda: paths.from_room(writer, lookers[2]),
            ACROSS: lambda: paths.across(disk_a, lookers[1]),
        }
        for _ in range(3):
            for one in work.values():
                await one()
                await asyncio.sleep(0.3)
        results = await take_turns(work, options, rng)
        results[COLD] = []
        for name, page in cold.items():
            await asyncio.sleep(rng.uniform(*options.pause))
            results[COLD].append(await disk_to_disk(disk_a, lookers[1], name, page))
        return results


async def take_turns(
    work: dict[str, Callable[[], Awaitable[float]]], options: argparse.Namespace, rng: random.Random
) -> dict[str, list[float]]:
    results: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(options.count):
        for name in rng.sample(list(work), len(work)):
            await asyncio.sleep(rng.uniform(*options.pause))
            results[name].append(await work[name]())
    return results


def report(results: dict[str, list[float]]) -> str:
    floor = {share: percentile(results[FLOOR], share) for share in (0.5, 0.9, 0.99)}
    rows = []
    for name, values in results.items():
        if not values:
            continue
        here = {share: percentile(values, share) for share in floor}
        goal = GOALS.get(name)
        met = goal and here[0.5] <= goal[0] * floor[0.5] and here[0.99] <= goal[1] * floor[0.99]
        rows.append(
            [
                name,
                str(len(values)),
                *(f"{1000 * value:.1f}" for value in here.values()),
                *(f"{here[share] / floor[share]:.1f}" for share in floor),
                "" if goal is None else f"{goal[0]:g}x {goal[1]:g}x {'met' if met else 'MISSED'}",
            ]
        )
    head = ["path (ms)", "n", "p50", "p90", "p99", "x p50", "x p90", "x p99", "goal p50 p99"]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="measurements of each path")
    parser.add_argument("--cold", type=int, default=20, help="first saves")
    parser.add_argument("--pause", type=float, nargs=2, default=(0.05, 0.15), metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run_as_installed()
    workplace = Path(tempfile.mkdtemp(prefix="rtcd-latency-", dir="/var/tmp"))
    print(machine())
    try:
        results = asyncio.run(measure(options, workplace))
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    print(report(results))
    print(machine())


if __name__ == "__main__":
    main()
