"""How much memory, how many descriptors, how large a database, how much CPU: against the bounds.

    python benchmarks/bounds.py [--files 1000] [--rooms 20] [--largest 10] [--edits 300] [--idle 20]

A folder with an embedded server: small text files, and one of ``--largest`` MB. People open rooms and
type, an editor saves. The daemon's memory and descriptors are what the kernel counts for its process.
The database is compared with all text that is shared. "Beside the largest file" is the time from a save
of a small file to the room of another person, while saves of the largest file are merged, beside the
same without. At last the server is stopped for good, and the attempts to reach it in half a minute are
counted at its port, each with its connection.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from start import cpu_seconds, memory
from tables import machine, run_as_installed, table

from end_to_end.project_folder import RtcdFolder
from end_to_end.stock_server import StockServer
from faults.room_people import RoomPeople, Visitor
from rtcd.server.address import ServerAddress

MB = 1024 * 1024
PATIENCE_SECONDS = 120.0
AWAY_SECONDS = 30.0
SAVES_OF_LARGEST = 10
LINE = "value_{0} = compute({0}, 'line {0}')\n"

Rows = list[list[str]]


def until(is_so: Callable[[], bool]) -> float:
    """Wait for it; how many seconds it took."""
    began = time.perf_counter()
    while not is_so():
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise SystemExit("it did not come to rest in time")
        time.sleep(0.002)
    return time.perf_counter() - began


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def row(rows: Rows, what: str, seen: float, bound: float, unit: str) -> None:
    word = "met" if seen <= bound else "MISSED"
    rows.append([what, f"{seen:,.1f} {unit}", f"{bound:,.1f} {unit}", word])
    print(*rows[-1], flush=True)


class Folder:
    """The project, its daemon, and who is in its rooms."""

    def __init__(self, workplace: Path, options: argparse.Namespace) -> None:
        self.options = options
        self.rtcd = RtcdFolder(workplace / "project", workplace / "home")
        self.people = RoomPeople()
        self.small = [f"part{n % 10}/file{n}.py" for n in range(options.files)]
        for number, name in enumerate(self.small):
            self.rtcd.write(name, "".join(LINE.format(number + n) for n in range(100)))
        lines = int(options.largest * MB / len(LINE.format(100_000)))
        self.rtcd.write("largest.py", "".join(LINE.format(100_000 + n) for n in range(lines)))
        self.text_bytes = sum(f.stat().st_size for f in self.rtcd.root.rglob("*.py"))

    @property
    def pid(self) -> int:
        """The daemon's process."""
        return int(self.rtcd.started["pid"])

    def save_line(self, name: str, line: str) -> None:
        """An editor loads, adds a line and saves."""
        file = self.rtcd.root / name
        beside = file.with_name(f".{file.name}.saving")
        beside.write_text(file.read_text() + line)
        beside.replace(file)

    def delay(self, visitor: Visitor, number: int) -> float:
        """Seconds from a save of this file to the person in its room."""
        line = f"# save {number}\n"
        self.save_line(visitor.path, line)
        return until(lambda: line in visitor.text)


def measure_open_rooms(folder: Folder, rows: Rows) -> None:
    options = folder.options
    visitors = [
        folder.people.visit(folder.rtcd.address, name) for name in folder.small[: options.rooms]
    ]
    for number in range(options.edits):
        visitor = visitors[number % len(visitors)]
        folder.delay(visitor, number)
    folder.rtcd.wait(PATIENCE_SECONDS)
    row(
        rows, f"descriptors, {options.rooms} rooms", descriptors(folder.pid), 64 + options.rooms, ""
    )
    row(rows, "memory, small files in rooms", memory(folder.pid), 150, "MB")
    alone = statistics.median(folder.delay(visitors[0], 10_000 + n) for n in range(20))
    largest = folder.people.visit(folder.rtcd.address, "largest.py")
    folder.delay(largest, 0)
    row(rows, "memory, largest file open", memory(folder.pid), 150 + 6 * options.largest, "MB")
    beside: list[float] = []
    for number in range(SAVES_OF_LARGEST):
        folder.save_line("largest.py", f"# save {number + 1}\n")
        beside += [folder.delay(visitors[0], 20_000 + 10 * number + n) for n in range(5)]
    row(
        rows,
        "memory, largest file saved again",
        memory(folder.pid),
        150 + 6 * options.largest,
        "MB",
    )
    row(rows, "peak memory", memory(folder.pid, "VmHWM"), 150 + 6 * options.largest, "MB")
    name = "small file's delay beside the largest one, slowest"
    rows.append([name, f"{1000 * max(beside):,.0f} ms", f"({1000 * alone:,.0f} ms alone)", ""])
    print(*rows[-1], flush=True)
    folder.rtcd.wait(PATIENCE_SECONDS)


def measure_rest(folder: Folder, rows: Rows) -> None:
    inside = folder.rtcd.root / ".rtcd"
    stored = sum(file.stat().st_size for file in inside.glob("state.db*")) / MB
    row(rows, "database", stored, 2 * folder.text_bytes / MB + 64, "MB")
    limbo = sum(f.stat().st_size for f in (inside / "limbo").rglob("*") if f.is_file()) / MB
    rows.append(["swapped-out files that wait", f"{limbo:,.1f} MB", "", ""])
    folder.people.close()
    time.sleep(5)
    before = cpu_seconds(folder.pid)
    time.sleep(folder.options.idle)
    used = 100 * (cpu_seconds(folder.pid) - before) / folder.options.idle
    row(rows, "idle CPU", used, 1.0, "%")


class Knocks:
    """A port where nobody answers; counts who knocks."""

    def __init__(self, port: int) -> None:
        self.count = 0
        self._socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.count += 1
            connection.close()

    def close(self) -> None:
        """Nobody answers there any more."""
        self._socket.close()


def measure_away(workplace: Path, rows: Rows) -> None:
    """A guest with ten files open whose server is gone."""
    served = workplace / "served"
    served.mkdir()
    for number in range(10):
        (served / f"file{number}.txt").write_text("a line\n")
    people = RoomPeople()
    guest = RtcdFolder(workplace / "guest", workplace / "guest-home")
    with StockServer(served) as server:
        guest.start("--server", server.url, token=server.token)
        address = ServerAddress.parse(server.url, server.token)
        for number in range(10):
            people.visit(address, f"file{number}.txt")
        port = server.port
        server.stop()
        knocks = Knocks(port)
        time.sleep(AWAY_SECONDS)
        first = knocks.count
        before = cpu_seconds(int(guest.started["pid"]))
        time.sleep(AWAY_SECONDS)
        used = 100 * (cpu_seconds(int(guest.started["pid"])) - before) / AWAY_SECONDS
        rows.append(["attempts in the first 30 s without a server", f"{first}", "", ""])
        rows.append(["attempts in the next 30 s", f"{knocks.count - first}", "", ""])
        row(rows, "CPU without a server", used, 1.0, "%")
        knocks.close()
    people.close()
    guest.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--largest", type=float, default=10.0, help="MB of the largest file")
    parser.add_argument("--edits", type=int, default=300)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of idleness")
    options = parser.parse_args()
    run_as_installed()
    print(machine())
    rows: Rows = []
    workplace = Path(tempfile.mkdtemp(prefix="rtcd-bounds-", dir="/var/tmp"))
    folder = Folder(workplace, options)
    try:
        folder.rtcd.start()
        row(rows, f"descriptors, {options.files:,} files", descriptors(folder.pid), 64, "")
        row(rows, f"memory, {options.files:,} files", memory(folder.pid), 150, "MB")
        measure_open_rooms(folder, rows)
        measure_rest(folder, rows)
        folder.rtcd.stop()
        measure_away(workplace, rows)
    finally:
        folder.rtcd.command("stop")
        shutil.rmtree(workplace, ignore_errors=True)
    print(table(["what", "seen", "bound", ""], rows))
    print(machine())


if __name__ == "__main__":
    main()
