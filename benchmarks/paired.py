"""How long a one-line save in a paired script takes to the shared notebook, beside jupytext.

    python benchmarks/paired.py [--cells 1000] [--count 30] [--seed 1]

A notebook of 1,000 cells with outputs, paired with a py:percent script, in a folder that rtcd shares
with its own server, as users run it. "save -> room" is from the close of the saved script to the
moment when a client of the notebook's room has the new line; "room -> script" is from a cell edited
in the room to the new line in the script on disk. The floor is a write, its notice and a read of the
same script. `jupytext --sync` runs on a copy of the same two files, as a save hook would run it: its
time is that of the whole command.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from asyncinotify import Inotify, Mask
from tables import machine, percentile, run_as_installed, table

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually
from rtcd.content import NotebookContent

GOAL_MS = 150.0
PAUSE_SECONDS = 0.4
NAME, SCRIPT = "analysis.ipynb", "analysis.py"


def notebook(cells: int) -> bytes:
    """Every fifth cell is prose, all others have an output."""
    made = []
    for number in range(cells):
        source = f"x{number} = {number}\nfor step in range({number}):\n    print(step * x{number})"
        if number % 5 == 0:
            text = {"cell_type": "markdown", "source": [f"## Part {number}\n", "\n", "Some prose."]}
        else:
            output = {"name": "stdout", "output_type": "stream", "text": [f"{number}\n"] * 5}
            text = {
                "cell_type": "code",
                "execution_count": number,
                "outputs": [output],
                "source": source.splitlines(keepends=True),
            }
        made.append({"id": f"cell{number}", "metadata": {}, **text})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"jupytext": {"formats": "ipynb,py:percent"}, "kernelspec": kernel}
    value = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(value, indent=1) + "\n").encode()


def edited(script: str, mark: str, rng: random.Random) -> str:
    """One line of the script is another one."""
    lines = script.split("\n")
    places = [place for place, line in enumerate(lines) if line.startswith("x")]
    place = rng.choice(places)
    lines[place] = f"{lines[place].split('  #')[0]}  # {mark}"
    return "\n".join(lines)


def has(person: RoomPerson, mark: str) -> bool:
    """The mark is in the notebook that this person sees."""
    content = person.content
    assert isinstance(content, NotebookContent)
    return any(mark in cell.source for cell in content.cells)


async def seen(person: RoomPerson, mark: str) -> None:
    """Returns when the mark is there; looks at nothing else meanwhile."""
    while not has(person, mark):  # noqa: ASYNC110 - a look costs less than an event
        await asyncio.sleep(0.001)


async def measure(folder: RtcdFolder, count: int, rng: random.Random) -> dict[str, list[float]]:
    """All paths in turn, in milliseconds."""
    times: dict[str, list[float]] = {"floor": [], "save": [], "room": []}
    async with RoomPerson.joined(folder.address, NAME) as grace:
        has(grace, "")
        for number in range(count):
            await asyncio.sleep(PAUSE_SECONDS)
            times["floor"].append(await floor(folder.read(SCRIPT)))
            mark = f"mark_{number:04d}"
            text = edited(folder.read(SCRIPT), mark, rng)
            folder.write(SCRIPT, text)
            started = time.perf_counter()
            await asyncio.wait_for(seen(grace, mark), 20)
            times["save"].append(1000 * (time.perf_counter() - started))
            await asyncio.sleep(PAUSE_SECONDS)
            times["room"].append(await from_room(folder, grace, f"typed_{number:04d}", rng))
    return times


async def saves_alone(folder: RtcdFolder, count: int, rng: random.Random) -> None:
    """Saves of the script, each seen in the room; for the processor time of the daemon."""
    async with RoomPerson.joined(folder.address, NAME) as grace:
        for number in range(count):
            mark = f"alone_{number:04d}"
            folder.write(SCRIPT, edited(folder.read(SCRIPT), mark, rng))
            await asyncio.wait_for(seen(grace, mark), 20)
            await asyncio.sleep(PAUSE_SECONDS)


async def from_room(folder: RtcdFolder, grace: RoomPerson, mark: str, rng: random.Random) -> float:
    """An edit of one cell in the room, until it is in the script."""
    content = grace.content
    assert isinstance(content, NotebookContent)
    cells = list(content.cells)
    place = rng.choice([n for n, cell in enumerate(cells) if cell.cell_type == "code"])
    cells[place] = replace(cells[place], source=f"{cells[place].source}\n{mark} = 1")
    started = time.perf_counter()
    await grace.become(replace(content, cells=tuple(cells)))
    while mark not in folder.read(SCRIPT):
        await asyncio.sleep(0.002)
        assert time.perf_counter() - started < 20, mark
    return 1000 * (time.perf_counter() - started)


async def floor(text: str) -> float:
    """Write, be told, read."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, Inotify() as inotify:
        file = Path(folder) / "floor.py"
        inotify.add_watch(folder, Mask.CLOSE_WRITE)
        started = time.perf_counter()
        file.write_text(text)
        await inotify.get()
        assert file.read_text() == text
        return 1000 * (time.perf_counter() - started)


def jupytext_sync(folder: RtcdFolder, count: int, rng: random.Random) -> list[float]:
    """The stock command on the same files, in milliseconds."""
    times = []
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        copy = Path(name)
        for file in (NAME, SCRIPT):
            shutil.copy2(folder.root / file, copy / file)
        # Whatever tells rtcd of the pair, the copies have to tell jupytext themselves.
        formats = "ipynb,py:percent"
        run_jupytext(copy, "--set-formats", formats, NAME)
        for number in range(count):
            script = copy / SCRIPT
            script.write_text(edited(script.read_text(), f"sync_{number}", rng))
            started = time.perf_counter()
            run_jupytext(copy, "--sync", SCRIPT)
            times.append(1000 * (time.perf_counter() - started))
            assert f"sync_{number}" in (copy / NAME).read_text()
    return times


def run_jupytext(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "jupytext", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def processor_ms(pid: int) -> float:
    """Processor time that a process has used until now, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    """What the daemon holds in memory now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--cells", type=int, default=1000)
    arguments.add_argument("--count", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    run_as_installed()
    rng = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="rtcd-benchmark-") as name:
        folder = RtcdFolder(Path(name) / "project", Path(name) / "home")
        folder.write(NAME, notebook(chosen.cells))
        folder.start()
        try:
            eventually(lambda: "# %%" in folder.read(SCRIPT), "the script", seconds=60)
            folder.wait(60)
            pid = folder.started["pid"]
            times = asyncio.run(measure(folder, chosen.count, rng))
            before = processor_ms(pid)
            asyncio.run(saves_alone(folder, chosen.count, rng))
            worked = (processor_ms(pid) - before) / chosen.count
            memory = resident_megabytes(pid)
            rounds = max(3, chosen.count // 5)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            times["sync"] = jupytext_sync(folder, rounds, rng)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            sync_worked = 1000 * spent / rounds
        finally:
            folder.stop()
    base, sync = (percentile(times[key], 0.5) for key in ("floor", "sync"))
    rows = [
        [what, *(f"{percentile(times[key], share):.1f}" for share in (0.5, 0.9, 0.99)),
         f"{percentile(times[key], 0.5) / base:.0f}", f"{percentile(times[key], 0.5) / sync:.2f}"]
        for key, what in [
            ("floor", "floor: write, notice, read"),
            ("save", "script saved -> room"),
            ("room", "room -> script on disk"),
            ("sync", "jupytext --sync, the whole command"),
        ]
    ]  # fmt: skip
    print(f"{chosen.cells} cells, {chosen.count} rounds, {machine()}")
    print(table(["milliseconds", "p50", "p90", "p99", "x floor", "x jupytext"], rows))
    print(
        f"processor time of a save, all that follows it included: daemon {worked:.0f} ms, "
        f"jupytext {sync_worked:.0f} ms ({worked / sync_worked:.2f})"
    )
    print(f"goal: script saved -> room below {GOAL_MS:.0f} ms; daemon now {memory:.0f} MB")


if __name__ == "__main__":
    main()
