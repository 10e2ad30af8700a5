"""What one edit costs in a file that is big.

    python benchmarks/big.py [--saves 7] [--images 46] [--cells 10000] [--text 45]

A host and a guest on this machine, each with a daemon of its own, and three files: a notebook whose
outputs are images of 1 MB each, one of many small cells, and a long text. One character is changed on
the host's disk, in place, in a file that both have open; the time is from there to the guest's
disk. The floor beside it is what has to be done anyway, in this process: read the file and write
it twice with fsync, as a host and a guest do. Bytes are those of the update that went to the room, from the daemon's own log;
memory is the daemons' most, beside the file's size. A text over the limit of 50 MiB is left out, and
said to be.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from scale import hosting, join_host, new_folder, wait_for
from scale_notebooks import MARK, edited_notebook, notebook_of, notebook_of_images
from start import cpu_seconds, memory
from tables import amount, machine, percentile, run_as_installed, shown, table

from end_to_end.project_folder import RtcdFolder

OVER_THE_LIMIT = 100 * 1024 * 1024
FIRST_SECONDS = 300.0
SENT = re.compile(r"save merged path=(\S+) .*sent=(\d+)")

Rows = list[list[str]]


def long_text(megabytes: int) -> bytes:
    line = "{:09d} the quick brown fox jumps over the lazy dog\n"
    lines = megabytes * 1_000_000 // len(line.format(0))
    half = "".join(map(line.format, range(lines // 2)))
    return f"{half}# {MARK}000\n{half}".encode()


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def floor(folder: Path, data: bytes) -> float:
    def once() -> None:
        source = folder / "floor"
        source.read_bytes()
        for name in ("floor.1", "floor.2"):
            with open(folder / name, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

    (folder / "floor").write_bytes(data)
    return percentile([seconds(once) for _ in range(3)], 0.5)


def save_times(
    host: RtcdFolder, guest: RtcdFolder, name: str, data: bytes, saves: int
) -> list[float]:
    """The first is that which opens the room."""
    times = []
    for number in range(1, saves + 2):
        new = edited_notebook(data, number)

        def save(new: bytes = new) -> None:
            with open(host.root / name, "r+b") as file:
                file.write(new)
            wait_for(lambda: is_there(guest.root / name, new), f"{name} at the guest", 0.005)

        times.append(seconds(save))
        time.sleep(0.5)
    return times


def is_there(file: Path, wanted: bytes) -> bool:
    """Looks at the mark first: the whole file is read once."""
    place = wanted.index(MARK.encode()) + len(MARK)
    with open(file, "rb") as opened:
        opened.seek(place)
        if opened.read(3) != wanted[place : place + 3]:
            return False
    return file.read_bytes() == wanted


def sent_of(folder: RtcdFolder, name: str) -> int:
    """Bytes of the last update that a save made."""
    logs = (folder.home / "state" / "rtcd").glob("*/daemon.log")
    found = [m for log in logs for m in SENT.finditer(log.read_text()) if m.group(1) == name]
    return int(found[-1].group(2)) if found else -1


@contextmanager
def two(
    workplace: Path, name: str, file: str, data: bytes
) -> Iterator[tuple[RtcdFolder, RtcdFolder]]:
    host, guest = new_folder(workplace, f"{name}-host"), new_folder(workplace, f"{name}-guest")
    (host.root / file).write_bytes(data)
    with hosting(host):
        join_host(host, guest)
        yield host, guest
        guest.stop()


def measure(workplace: Path, name: str, file: str, data: bytes, saves: int) -> Rows:
    with two(workplace, name, file, data) as (host, guest):
        least = floor(workplace, data)
        before = [cpu_seconds(folder.started["pid"]) for folder in (host, guest)]
        first, *times = save_times(host, guest, file, data, saves)
        after = [cpu_seconds(folder.started["pid"]) for folder in (host, guest)]
        middle = percentile(times, 0.5)
        rows = [
            [f"{name}, {amount(len(data))}: read, two writes (floor)", shown(least), "1", ""],
            ["  the first edit, which opens the room", shown(first), f"{first / least:.1f}", ""],
            ["  the next ones, to the guest's disk", shown(middle), f"{middle / least:.1f}", ""],
            ["  sent to the room by such a save", amount(sent_of(host, file)), "", "100 B"],
        ]
        for who, folder, begin, end in zip(
            ("host", "guest"), (host, guest), before, after, strict=True
        ):
            most = memory(folder.started["pid"], "VmHWM") * 1024 * 1024
            cpu = (end - begin) / (saves + 1)
            rows.append([f"  CPU of the {who}'s daemon, an edit", shown(cpu), "", ""])
            rows.append(
                [f"  most memory of it, {amount(int(most))}", "", f"{most / len(data):.1f}", "6"]
            )
    return rows


def refused(workplace: Path) -> Rows:
    """A text over the limit: what the user is told."""
    host = new_folder(workplace, "refused-host")
    with open(host.root / "huge.txt", "wb") as file:
        file.truncate(OVER_THE_LIMIT)
    with hosting(host):
        problems = host.status()["problems"]
    said = next((item["message"] for item in problems if item["path"] == "huge.txt"), "nothing")
    return [[f"text, {amount(OVER_THE_LIMIT)}: {said}", "", "", ""]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=7)
    parser.add_argument("--images", type=int, default=46)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--text", type=int, default=45, help="megabytes")
    options = parser.parse_args()
    run_as_installed()
    os.environ["RTCD_LOG"] = "DEBUG"
    print(machine())
    workplace = Path(tempfile.mkdtemp(prefix="rtcd-big-", dir="/var/tmp"))
    rows: Rows = []
    try:
        for name, file, data in (
            ("images", "images.ipynb", notebook_of_images(options.images)),
            ("cells", "cells.ipynb", notebook_of(options.cells)),
            ("text", "long.txt", long_text(options.text)),
        ):
            rows += measure(workplace, name, file, data, options.saves)
        rows += refused(workplace)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    print(table(["one edit", "measured", "ratio", "goal"], rows))
    print(machine())


if __name__ == "__main__":
    main()
