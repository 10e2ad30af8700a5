"""How long ``rtcd start`` takes, and what a daemon costs while nobody does anything.

    python benchmarks/start.py [--runs 5] [--files 100] [--idle 20]

Times are those of the whole command, from the shell to its end, when everyone can edit. The files
are text files of about 4 KB and one notebook in ten. A guest joins another folder's host, then a
stock server, all on this machine.
Memory and CPU are those of the daemon process alone, as the kernel counts them; "idle" begins when
the start is a few seconds past. Where other programs keep the machine busy, the rows of CPU seconds
tell more than those of the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from tables import machine, run_as_installed, table

from end_to_end.project_folder import RtcdFolder
from end_to_end.stock_server import StockServer

FOLDERS = 5
CALM_SECONDS = 4.0
EMBEDDED, FULL_FOLDER = "host, embedded server", "guest, full folder, empty server"
FULL_SERVER, SAME = "guest, empty folder, full server", "guest, same files on both sides"
HOSTED_FULL_FOLDER = "guest of an rtcd host, full folder, empty host"
HOSTED_FULL_SERVER = "guest of an rtcd host, empty folder, full host"
HOSTED_SAME = "guest of an rtcd host, same files on both sides"
RESTART, BARE = "guest, started again, no changes", "floor: python -c 'import asyncio'"
MEMORY, PEAK, CPU = "daemon memory (MB RSS)", "daemon peak memory (MB)", "daemon idle CPU (%)"
CPU_OF_DAEMON, CPU_OF_SERVER = ": CPU of daemon", ": CPU of server"
MEMORY_AGAIN, STOP = "daemon memory, started again (MB RSS)", "stop, guest"
GOALS = {
    EMBEDDED: 4.0, HOSTED_FULL_FOLDER: 1.5, HOSTED_FULL_SERVER: 1.5, HOSTED_SAME: 1.5,
    FULL_FOLDER: 1.5, FULL_SERVER: 1.5, SAME: 1.5, RESTART: 1.5,
    MEMORY: 120.0, MEMORY_AGAIN: 120.0, PEAK: 120.0, CPU: 1.0,
}  # fmt: skip

Results = dict[str, list[float]]


def fill(root: Path, files: int) -> None:
    """A project as people have them: scripts in a few folders, some notebooks."""
    for number in range(files):
        folder = root / f"part_{number % FOLDERS}" if number % FOLDERS else root
        folder.mkdir(parents=True, exist_ok=True)
        if number % 10 == 9:
            (folder / f"notes_{number}.ipynb").write_text(notebook(number))
        else:
            lines = (f"value_{n} = compute({number}, 'line {n}')\n" for n in range(100))
            (folder / f"file_{number}.py").write_text("".join(lines))


def notebook(number: int) -> str:
    cells = [
        {
            "cell_type": "code",
            "execution_count": n,
            "id": f"cell-{n}",
            "metadata": {},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": [f"{n}\n"]}],
            "source": [f"value = {number}\n", f"print({n})"],
        }
        for n in range(20)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def memory(pid: int, field: str = "VmRSS") -> float:
    """Megabytes, from the kernel."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_cpu(pid: int, duration: float) -> float:
    """Percent of one CPU."""
    time.sleep(CALM_SECONDS)
    before = cpu_seconds(pid)
    time.sleep(duration)
    return 100 * (cpu_seconds(pid) - before) / duration


def measure_guests(workplace: Path, options: argparse.Namespace, results: Results) -> None:
    served = workplace / "served"
    served.mkdir()
    with StockServer(served) as server:
        full = RtcdFolder(workplace / "full" / "project", workplace / "full" / "home")
        empty = RtcdFolder(workplace / "empty" / "project", workplace / "empty" / "home")
        same = RtcdFolder(workplace / "same" / "project", workplace / "same" / "home")
        fill(full.root, options.files)
        fill(same.root, options.files)

        cpu: list[float] = []

        def start(guest: RtcdFolder) -> float:
            taken = seconds(lambda: guest.start("--server", server.url, token=server.token))
            cpu.append(cpu_seconds(guest.started["pid"]))
            return taken

        results[FULL_FOLDER].append(start(full))
        assert full.started["files_shared"] == options.files
        results[FULL_SERVER].append(start(empty))
        assert empty.started["files_shared"] == options.files
        results[SAME].append(start(same))
        for guest in (empty, same):
            guest.stop()
        results[MEMORY].append(memory(full.started["pid"]))
        results[PEAK].append(memory(full.started["pid"], "VmHWM"))
        if options.idle:
            results[CPU].append(idle_cpu(full.started["pid"], options.idle))
        results[STOP].append(seconds(full.stop))
        results[RESTART].append(start(full))
        for name, value in zip((FULL_FOLDER, FULL_SERVER, SAME, RESTART), cpu, strict=True):
            results[name + CPU_OF_DAEMON].append(value)
        results[MEMORY_AGAIN].append(memory(full.started["pid"]))
        full.stop()


def measure_guests_of_host(workplace: Path, options: argparse.Namespace, results: Results) -> None:
    """The first guest fills the host's empty folder; the other two find it full."""
    host = RtcdFolder(workplace / "hosting" / "project", workplace / "hosting" / "home")
    host.start()
    try:
        for name, folder, is_full in (
            (HOSTED_FULL_FOLDER, "hosted-full", True),
            (HOSTED_FULL_SERVER, "hosted-empty", False),
            (HOSTED_SAME, "hosted-same", True),
        ):
            guest = RtcdFolder(workplace / folder / "project", workplace / folder / "home")
            if is_full:
                fill(guest.root, options.files)
            taken = seconds(partial(join_host, host, guest))
            assert guest.started["files_shared"] == options.files
            results[name].append(taken)
            results[name + CPU_OF_DAEMON].append(cpu_seconds(guest.started["pid"]))
            guest.stop()
    finally:
        host.stop()


def join_host(host: RtcdFolder, guest: RtcdFolder) -> None:
    address = host.address
    guest.start("--server", address.url, token=address.token.reveal())


def measure_host(workplace: Path, options: argparse.Namespace, results: Results) -> None:
    host = RtcdFolder(workplace / "host" / "project", workplace / "host" / "home")
    fill(host.root, options.files)
    results[EMBEDDED].append(seconds(host.start))
    [note] = (host.home / "state" / "rtcd").glob("*/server.json")
    results[EMBEDDED + CPU_OF_SERVER].append(cpu_seconds(json.loads(note.read_text())["pid"]))
    results[EMBEDDED + CPU_OF_DAEMON].append(cpu_seconds(host.started["pid"]))
    host.stop()


def measure_floor(results: Results) -> None:
    results[BARE].append(seconds(lambda: os.system(f"{sys.executable} -c 'import asyncio'")))


def report(results: Results) -> str:
    rows = []
    for name, values in results.items():
        goal = GOALS.get(name)
        middle = statistics.median(values)
        word = "" if goal is None else "met" if middle < goal else "MISSED"
        numbers = [f"{value:.2f}" for value in (middle, min(values), max(values))]
        rows.append([name, str(len(values)), *numbers, f"{goal:g}" if goal else "", word])
    return table(
        ["seconds where nothing else is said", "n", "median", "min", "max", "goal", ""], rows
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of idleness a run")
    options = parser.parse_args()
    run_as_installed()
    results: Results = defaultdict(list)
    print(machine())
    for number in range(1 + options.runs):
        if number == 1:
            results.clear()  # the first one filled the caches
        workplace = Path(tempfile.mkdtemp(prefix="rtcd-start-", dir="/var/tmp"))
        try:
            measure_floor(results)
            measure_host(workplace, options, results)
            measure_guests_of_host(workplace, options, results)
            measure_guests(workplace, options, results)
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
    print(report(results))
    print(machine())


if __name__ == "__main__":
    main()
