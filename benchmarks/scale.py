"""What a project of thousands of files costs: attaching, starting again, a save, a burst.

    python benchmarks/scale.py [--files 10000] [--notebooks 50] [--saves 30] [--burst 1000]

A host and guests on this machine, each with a daemon of its own. The floor is ``rsync -a`` of the same
folder, and what the server takes to give or take each file by its own contents API (a sample of 200,
one after the other, times the number of files). "A save" is from the moment of writing on the host's disk
until the guest's disk has it, in a file that both have open in a room; beside it the same in a
folder of ten files. "Burst" is what ``git checkout`` of another branch does: that many files
rewritten in the host's folder, until the guest has all of them; every second a file that is not among them is
saved, and must come through.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from start import cpu_seconds, idle_cpu, memory, notebook
from tables import machine, percentile, run_as_installed, shown, table

from end_to_end import project_folder
from end_to_end.project_folder import RtcdFolder
from end_to_end.stock_server import StockServer
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient

FILES_A_FOLDER = 40
SAMPLE = 200
PATIENCE_SECONDS = 600.0
IDLE_SECONDS = 20.0

Rows = list[list[str]]


def fill(root: Path, files: int, notebooks: int) -> None:
    """Sources of 1 to 8 KB, forty to a folder, two folders deep, and small notebooks."""
    for number in range(files):
        folder = (
            root / f"area_{number // FILES_A_FOLDER // 16}" / f"part_{number // FILES_A_FOLDER}"
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file_{number}.py").write_text(source(number, 0))
    for number in range(notebooks):
        folder = root / "notebooks"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"notes_{number}.ipynb").write_text(notebook(number))


def source(number: int, state: int) -> str:
    lines = 25 + number * 7919 % 180
    return "".join(f"value_{n} = compute({number}, 'line {n} of {state}')\n" for n in range(lines))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def wait_for(condition: Callable[[], bool], what: str, pause: float = 0.001) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError(what)
        time.sleep(pause)


def join_host(host: RtcdFolder, guest: RtcdFolder) -> None:
    address = host.address
    guest.start("--server", address.url, token=address.token.reveal())


def settled(folder: RtcdFolder) -> bool:
    done = folder.command("status", "--json")
    return done.returncode == 0 and json.loads(done.stdout)["state"] == "synced"


class Floor:
    """What others take for the same files."""

    def __init__(self, workplace: Path, full: Path, count: int) -> None:
        target = workplace / "copied"
        self.rsync = seconds(
            lambda: subprocess.run(["rsync", "-a", f"{full}/", target], check=True)
        )
        shutil.rmtree(target)
        sample = sorted(path for path in full.rglob("*.py"))[:SAMPLE]
        served = workplace / "stock"
        served.mkdir()
        with StockServer(served) as server:
            address = ServerAddress.parse(server.url, server.token)
            put, got = asyncio.run(_by_contents_api(address, sample))
        shutil.rmtree(served)
        self.put, self.got = put / len(sample) * count, got / len(sample) * count


async def _by_contents_api(address: ServerAddress, sample: list[Path]) -> tuple[float, float]:
    async with ServerClient(address) as client:
        began = time.perf_counter()
        for file in sample:
            await client.create_file(file.name, file.read_bytes())
        made = time.perf_counter()
        for file in sample:
            await client.read_bytes(file.name)
        return made - began, time.perf_counter() - made


@contextmanager
def hosting(folder: RtcdFolder) -> Iterator[RtcdFolder]:
    folder.start()
    try:
        yield folder
    finally:
        folder.stop()


def new_folder(workplace: Path, name: str) -> RtcdFolder:
    return RtcdFolder(workplace / name / "project", workplace / name / "home")


def save_times(host: RtcdFolder, guest: RtcdFolder, name: str, saves: int) -> list[float]:
    """Seconds from the host's disk to the guest's, once the room is open."""
    times = []
    for number in range(saves + 3):
        text = f"# save {number}\n" + source(1, number)
        file = guest.root / name
        taken = seconds(
            lambda text=text, file=file: (  # type: ignore[misc]
                host.write(name, text),
                wait_for(lambda: file.read_text() == text, "a save at the guest"),
            )
        )
        times.append(taken)
        time.sleep(0.1)
    return times[3:]


def measure_burst(host: RtcdFolder, guest: RtcdFolder, burst: int, rows: Rows) -> None:
    names = sorted(str(p.relative_to(host.root)) for p in host.root.rglob("file_*.py"))
    changed, other = names[:burst], names[-1]
    texts = {name: source(number, 1) for number, name in enumerate(changed)}
    began = time.perf_counter()
    for name, text in texts.items():
        (host.root / name).write_text(text)
    written = time.perf_counter() - began
    missing, saves, next_save = dict(texts), [], time.monotonic()
    while missing:
        if time.monotonic() >= next_save:
            saves += save_once(host, guest, other, len(saves))
            next_save = time.monotonic() + 1.0
        for name in list(missing)[:50]:
            if (guest.root / name).read_text() == missing[name]:
                del missing[name]
        time.sleep(0.01)
    taken = time.perf_counter() - began
    rows.append([f"{burst} files rewritten, until the guest has them", shown(taken), "", ""])
    rows.append(["  of that, writing them", shown(written), "", ""])
    worst = f"median {shown(percentile(saves, 0.5))}, worst {shown(max(saves))}"
    rows.append([f"  other saves meanwhile ({len(saves)})", worst, "", "1 s"])


def save_once(host: RtcdFolder, guest: RtcdFolder, name: str, number: int) -> list[float]:
    text = f"# meanwhile {number}\n" + source(2, number)
    began = time.perf_counter()
    host.write(name, text)
    wait_for(lambda: (guest.root / name).read_text() == text, "a save during the burst")
    return [time.perf_counter() - began]


def measure_small(workplace: Path, saves: int) -> float:
    host, guest = new_folder(workplace, "small-host"), new_folder(workplace, "small-guest")
    fill(host.root, 10, 0)
    with hosting(host):
        join_host(host, guest)
        name = str(next(host.root.rglob("file_1.py")).relative_to(host.root))
        times = save_times(host, guest, name, saves)
        guest.stop()
    return percentile(times, 0.5)


def measure(workplace: Path, options: argparse.Namespace) -> Rows:
    rows: Rows = []
    count = options.files + options.notebooks
    host, full = new_folder(workplace, "host"), new_folder(workplace, "full")
    empty = new_folder(workplace, "empty")
    fill(full.root, options.files, options.notebooks)
    floor = Floor(workplace, full.root, count)
    rows.append(["floor: rsync -a of the folder", shown(floor.rsync), "", ""])
    rows.append(["floor: the contents API takes them", shown(floor.put), "", ""])
    rows.append(["floor: the contents API gives them", shown(floor.got), "", ""])
    with hosting(host):
        for name, guest, cost in (
            ("full folder, empty server", full, floor.put),
            ("empty folder, full server", empty, floor.got),
        ):
            taken = seconds(lambda guest=guest: join_host(host, guest))  # type: ignore[misc]
            assert guest.started["files_shared"] == count, guest.started
            allowed = 3 * floor.rsync + cost
            rows.append([name, shown(taken), f"{taken / allowed:.2f}", "1"])
            cpu = cpu_seconds(guest.started["pid"])
            rows.append(["  CPU of the guest's daemon", shown(cpu), "", ""])
        wait_for(lambda: settled(host), "the host to settle", pause=0.5)
        for name, folder in (("guest's", empty), ("host's", host)):
            pid = folder.started["pid"]
            rows.append([f"memory of the {name} daemon", f"{memory(pid):.0f} MB", "", "200 MB"])
            idle = idle_cpu(pid, IDLE_SECONDS)
            rows.append([f"CPU of the idle {name} daemon", f"{idle:.2f} %", "", "1 %"])
        full.stop()
        name = str(next(host.root.rglob("file_1.py")).relative_to(host.root))
        among = percentile(save_times(host, empty, name, options.saves), 0.5)
        measure_burst(host, empty, options.burst, rows)
        empty.stop()
        taken = seconds(lambda: join_host(host, empty))
        rows.append(["guest, started again, nothing changed", shown(taken), "", "3 s"])
        empty.stop()
        host.stop()
        rows.append(["host, started again, nothing changed", shown(seconds(host.start)), "", "3 s"])
    alone = measure_small(workplace, options.saves)
    rows.append(["a save in a folder of ten files", shown(alone), "", ""])
    rows.append([f"a save among {count:,} files", shown(among), f"{among / alone:.2f}", "1.3"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--notebooks", type=int, default=50)
    parser.add_argument("--saves", type=int, default=30)
    parser.add_argument("--burst", type=int, default=1000)
    options = parser.parse_args()
    run_as_installed()
    project_folder.COMMAND_SECONDS = PATIENCE_SECONDS
    print(machine())
    workplace = Path(tempfile.mkdtemp(prefix="rtcd-scale-", dir="/var/tmp"))
    try:
        rows = measure(workplace, options)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    print(table([f"{options.files:,} files", "measured", "ratio", "goal"], rows))
    print(machine())


if __name__ == "__main__":
    main()
