"""Many people typing into one room, and many daemons that bring it to their disks.

    python benchmarks/people.py [--seconds 20] [--rate 5] [--only rtcd|stock] [--rows 50x10 10x3]

Everybody types tokens into one text file, five a second, each with a cursor that moves, as
JupyterLab tells it; the daemons are real ones with a folder each. A token is on a disk when inotify
tells of a file that holds it. "Relay" is the floor: how long a plain WebSocket client in the same room
waits for the same tokens, without any daemon. On a server of rtcd's own one of the daemons is the host's;
on a stock one all are guests. "A lone edit" comes alone to another file while nobody types.

In the end every token has to be on every disk once. All of it runs on this machine: the processor time
of the server, of the daemons and of the people is measured, as one of them may be what it takes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from people_watch import TOKEN
from start import cpu_seconds, memory
from tables import amount, machine, percentile, run_as_installed, shown, table
from typist import Room, Typist, name_of, room_of

from end_to_end.project_folder import RtcdFolder
from end_to_end.stock_server import StockServer
from rtcd.server.address import ServerAddress

TALK, ALONE = "talk.txt", "alone.txt"
PATIENCE_SECONDS = 120.0
LONE_EDITS = 25
LONE_PAUSE = 0.4
REST_SECONDS = 8.0
GOAL_SECONDS = 1.0

Rows = list[list[str]]


@dataclass
class Scene:
    """A server, its daemons, and what they are measured by."""

    address: ServerAddress
    server_pid: int
    folders: list[RtcdFolder]
    sent: dict[str, float] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    def cpu_now(self) -> dict[str, float]:
        """Seconds of the processor so far, by who took them."""
        own = os.times()
        return {
            "server": cpu_seconds(self.server_pid),
            "daemons": sum(cpu_seconds(folder.started["pid"]) for folder in self.folders),
            "people": own.user + own.system,
        }


@dataclass(frozen=True)
class Shared:
    """What is served at first, by name, and to how many daemons."""

    files: dict[str, str]
    daemons: int
    stock: bool

    @contextlib.contextmanager
    def on(self, workplace: Path) -> Iterator[Scene]:
        """All of it, started; ends with the block."""
        folders = [
            RtcdFolder(workplace / f"d{n}" / "project", workplace / f"d{n}" / "home")
            for n in range(self.daemons)
        ]
        with contextlib.ExitStack() as stack:
            if self.stock:
                served = workplace / "served"
                served.mkdir()
                for name, text in self.files.items():
                    (served / name).write_text(text)
                server = stack.enter_context(StockServer(served))
                assert server.process is not None
                address, pid = ServerAddress.parse(server.url, server.token), server.process.pid
                guests = folders
            else:
                host, *guests = folders
                for name, text in self.files.items():
                    host.write(name, text)
                host.start()
                stack.callback(host.stop)
                [note] = (host.home / "state" / "rtcd").glob("*/server.json")
                address, pid = host.address, json.loads(note.read_text())["pid"]
            for guest in guests:
                guest.start("--server", address.url, token=address.token.reveal())
                stack.callback(guest.stop)
            yield Scene(address, pid, folders)


@contextlib.contextmanager
def watching(found: Scene, rooms: list[Room], name: str) -> Iterator[None]:
    """See the file of that name on all disks, and the rooms, by another process."""
    order = {
        "files": [str(folder.root / name) for folder in found.folders],
        "rooms": [{"url": room.url, "token": room.token} for room in rooms],
    }
    script = str(Path(__file__).with_name("people_watch.py"))
    watcher = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert watcher.stdin is not None
    assert watcher.stdout is not None
    watcher.stdin.write(json.dumps(order) + "\n")
    watcher.stdin.flush()
    assert watcher.stdout.readline() == "ready\n"
    try:
        yield
    finally:
        found.told = json.loads(watcher.communicate()[0])


async def type_together(
    found: Scene, typists: list[Typist], *, seconds: float, rate: float, cursors: bool
) -> None:
    """Everybody types at that rate, evenly spread; ends when the last has typed."""
    began = asyncio.get_running_loop().time()

    async def one(typist: Typist) -> None:
        for count in range(int(seconds * rate)):
            due = began + (count + typist.number / len(typists)) / rate
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            token = f"{name_of(typist.number)}n{count:04d}e"
            found.sent[token] = time.monotonic()
            typist.type(token, cursor=cursors)

    await asyncio.gather(*(one(typist) for typist in typists))


async def all_on_disk(found: Scene, name: str, tokens: int) -> None:
    """Wait until every disk holds that many tokens."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        counts = [len(TOKEN.findall((f.root / name).read_bytes())) for f in found.folders]
        if min(counts) >= tokens:
            return
        await asyncio.sleep(0.2)
    print(f"tokens are missing after {PATIENCE_SECONDS:g} s: {counts} of {tokens}")


async def crowd(found: Scene, people: int, options: argparse.Namespace) -> None:
    room = await room_of(found.address, TALK)
    typists = [await Typist.joined(room, number) for number in range(people)]
    for typist in typists:
        typist.show_cursor(0)
    with watching(found, [room], TALK):
        # The first edit brings the daemons into the room.
        typists[0].type("p99n0000e", cursor=True)
        await all_on_disk(found, TALK, 1)
        await asyncio.sleep(2.0)
        before = found.cpu_now()
        began = time.monotonic()
        await type_together(
            found, typists, seconds=options.seconds, rate=options.rate, cursors=options.cursors
        )
        took = time.monotonic() - began
        found.cpu = {key: (now - before[key]) / took for key, now in found.cpu_now().items()}
        await all_on_disk(found, TALK, len(found.sent) + 1)
        await asyncio.sleep(0.5)
    for typist in typists:
        typist.leave()


async def alone(found: Scene) -> tuple[list[float], list[float]]:
    """One edit, and a pause: seconds to the wire, and to the last of the disks."""
    room = await room_of(found.address, ALONE)
    typist = await Typist.joined(room, 0)
    typist.show_cursor(0)
    sent: dict[str, float] = {}
    with watching(found, [room], ALONE):
        typist.type("p99n0000e", cursor=True)
        await all_on_disk(found, ALONE, 1)
        for count in range(LONE_EDITS):
            await asyncio.sleep(LONE_PAUSE)
            token = f"p00n{count:04d}e"
            sent[token] = time.monotonic()
            typist.type(token, cursor=False)
        await all_on_disk(found, ALONE, LONE_EDITS + 1)
        await asyncio.sleep(0.5)
    typist.leave()
    [wire], disks = found.told["wires"], found.told["disks"]
    relayed = [wire["seen"][token] - at for token, at in sent.items()]
    written = [disk["seen"][token] - at for token, at in sent.items() for disk in disks]
    return relayed, written


def at_rest(found: Scene) -> list[str]:
    """What it costs that all daemons are attached, and nobody does anything."""
    time.sleep(REST_SECONDS)
    before = found.cpu_now()
    time.sleep(REST_SECONDS)
    now, count = found.cpu_now(), len(found.folders)
    percents = {key: 100 * (now[key] - before[key]) / REST_SECONDS for key in before}
    sizes = [memory(folder.started["pid"]) for folder in found.folders]
    return [
        f"{percents['server']:.1f} %",
        f"{percents['daemons'] / count:.2f} %",
        f"{memory(found.server_pid):.0f} MB",
        f"{sum(sizes) / count:.0f} MB",
        str(len(os.listdir(f"/proc/{found.server_pid}/fd"))),
    ]


def lost_and_doubled(found: Scene, name: str) -> tuple[int, int]:
    lost = doubled = 0
    for folder in found.folders:
        counts = Counter(TOKEN.findall((folder.root / name).read_bytes()))
        lost += sum(not counts[token.encode()] for token in found.sent)
        doubled += sum(count > 1 for count in counts.values())
    return lost, doubled


def measure(people: int, daemons: int, *, stock: bool, options: argparse.Namespace) -> list[Rows]:
    workplace = Path(tempfile.mkdtemp(prefix="rtcd-people-", dir="/var/tmp"))
    title = f"{people} people, {daemons} daemons, {'stock server' if stock else 'rtcd host'}"
    try:
        files = {
            TALK: "".join(f"{name_of(number)}:\n" for number in range(people)),
            ALONE: f"{name_of(0)}:\n",
        }
        with Shared(files, daemons, stock).on(workplace) as found:
            rest = at_rest(found)
            lone_relayed, lone_written = asyncio.run(alone(found))
            asyncio.run(crowd(found, people, options))
            lost, doubled = lost_and_doubled(found, TALK)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    [wire], disks = found.told["wires"], found.told["disks"]
    relayed = [wire["seen"].get(token, at + 999) - at for token, at in found.sent.items()]
    lags = [
        disk["seen"].get(token, at + 999) - at for disk in disks for token, at in found.sent.items()
    ]
    first, last = min(found.sent.values()), max(found.sent.values())
    during = [at for disk in disks for at in disk["writes"] if first <= at <= last]
    seconds = last - first
    met = "met" if max(lags) <= GOAL_SECONDS and not lost + doubled else "MISSED"

    def row(what: str, values: list[float], floor: list[float] | None) -> list[str]:
        shares = (0.5, 0.99, 1.0)
        here = [percentile(values, share) for share in shares]
        ratios = ["", ""]
        if floor is not None:
            ratios = [f"{percentile(values, s) / percentile(floor, s):.1f}" for s in shares[:2]]
        return [what, *map(shown, here), *ratios]

    delays = [
        [title, "", "", "", "", "", ""],
        [*row("  floor: relay to a plain client", relayed, None), ""],
        [*row("  to the daemons' disks", lags, relayed), f"worst 1 s: {met}"],
        [*row("  floor: a lone edit, relay", lone_relayed, None), ""],
        [*row("  a lone edit, to the disks", lone_written, lone_relayed), ""],
    ]
    size = max(size for disk in disks for size in disk["sizes"])
    cost = [
        title,
        f"{len(found.sent) / seconds:.0f}",
        f"{wire['messages'] / seconds:.0f}",
        f"{len(during) / seconds / len(disks):.1f}",
        amount(size),
        str(lost),
        str(doubled),
        *(f"{found.cpu[who]:.2f}" for who in ("server", "daemons", "people")),
    ]
    return [delays, [cost], [[title, *rest]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=5.0, help="tokens a second and person")
    parser.add_argument("--rows", nargs="+", default=["10x3", "50x10"], metavar="PEOPLExDAEMONS")
    parser.add_argument("--only", choices=["rtcd", "stock"])
    parser.add_argument("--no-cursors", dest="cursors", action="store_false")
    options = parser.parse_args()
    run_as_installed()
    print(machine(), flush=True)
    delays: Rows = []
    costs: Rows = []
    rests: Rows = []
    for one in options.rows:
        people, daemons = map(int, one.split("x"))
        for server in ("stock", "rtcd"):
            if options.only in (None, server):
                more, [cost], [rest] = measure(
                    people, daemons, stock=server == "stock", options=options
                )
                delays += more
                costs.append(cost)
                rests.append(rest)
                print(*cost, sep=" | ", flush=True)
    print(table(["delay", "p50", "p99", "worst", "x p50", "x p99", "goal"], delays))
    head = ["", "tokens/s", "messages/s to each", "writes/s a daemon", "file"]
    print(table([*head, "lost", "doubled", "server CPU", "daemons CPU", "people CPU"], costs))
    head = ["at rest", "server CPU", "CPU a daemon", "server", "a daemon", "server's descriptors"]
    print(table(head, rests))
    print(machine())


if __name__ == "__main__":
    main()
