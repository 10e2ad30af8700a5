"""What merging a save costs, beside what else there is.

    python benchmarks/merge.py [--repeat 7] [--limit 20] [--saves 10000] [--quick]
        [--tables paths growth rewrites history]

Every row is the whole path of a save that others have to see: read the file, understand it, find
the version it was made from, compare, edit the shadow, bring the edit to the live document. "And
others": somebody else typed at the end of the file, and four versions of that were put on disk and
read before the save. Seconds are those of the processor, and in brackets by the clock; the best of
some runs is shown, as other programs only make it slower. The columns beside it do the middle of
that only: ``difflib`` and diff-match-patch compare two texts, nbdime two notebooks, and
jupyter_ydoc's ``set`` writes a text or notebook into a document; with how many times as long as
rtcd's whole path alone they take. They are no dependencies of rtcd and are left out where they are
not installed (``pip install diff-match-patch nbdime black``). TO: longer than ``--limit`` seconds.
A loop in pure Python that never changes is timed before and after the first table, because a
machine that is shared is half as fast in some hours as in others.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from merge_cases import Case, cases, notebook, prose, source_code, written
from merge_rewrites import rewrites
from merge_rivals import COMPETITORS, competitor
from merge_saves import many_saves
from tables import amount, fixed_loop, machine, shown, table

from rtcd.content import TextContent
from rtcd.disk.formats import parse
from rtcd.disk.notebook_reading import forget_readings
from rtcd.documents.document import Document
from rtcd.documents.open_document import new_document
from rtcd.history.history import History
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica

VERSIONS = 4


# rtcd


@dataclass(frozen=True)
class Row:
    """The whole path of one save: seconds of the processor and by the clock, bytes of the update."""

    worked: float
    took: float
    size: int

    def __str__(self) -> str:
        return f"{shown(self.worked)} ({shown(self.took)})"


def rtcd_row(case: Case, repeat: int, folder: Path, *, versions: int) -> Row:
    file = folder / f"file.{'ipynb' if case.kind == 'notebook' else 'txt'}"
    start = parse(case.kind, case.old.encode())
    room = new_document(case.kind)
    room.become(start)
    pulled = room.shared.update_since()
    seconds = []
    size = 0
    for _ in range(repeat):
        replica = Replica(case.kind, pulled, disk=start, now=0.0)
        type_in_room(replica, pulled, versions)
        file.write_bytes(case.new.encode())
        # What was read before is known to the daemon, the save is not.
        forget_readings()
        parse(case.kind, case.old.encode())
        began, worked = time.perf_counter(), time.process_time()
        content = parse(case.kind, file.read_bytes(), known=case.old.encode())
        outcome = replica.save(content, evidence=Evidence(), now=100.0)
        seconds.append((time.process_time() - worked, time.perf_counter() - began))
        size = len(outcome.update)
    worked, took = (min(times) for times in zip(*seconds, strict=True))
    return Row(worked, took, size)


def type_in_room(replica: Replica, pulled: bytes, versions: int) -> None:
    """Others typed and it was put on disk, a few times: there are versions to choose from."""
    other = new_document(replica.kind)
    other.shared.apply_update(pulled)
    for number in range(versions):
        update = typed(other, number)
        replica.receive(update)
        flush = replica.pending()
        if flush is not None:
            replica.flushed(flush, now=float(number))
            replica.mark_read(float(number))
    replica.settle_versions()


def typed(other: Document, number: int) -> bytes:
    state = other.shared.state_vector()
    content = other.content()
    if isinstance(content, TextContent):
        other.become(replace(content, text=content.text + f"typed {number} by somebody else\n"))
    else:
        cells = list(content.cells)
        cells[-1] = replace(cells[-1], source=cells[-1].source + f"typed = {number}\n")
        other.become(replace(content, cells=tuple(cells)))
    return other.shared.update_since(state)


def history_rows(folder: Path) -> list[tuple[str, ...]]:
    """Every save is a version: what that costs, and how much of the disk it takes."""
    rows = []
    samples: list[tuple[str, str]] = [
        ("1 KB of text", prose(1000)),
        ("100 KB of code", source_code(2800)),
        ("1,000 cells, 1.2 MB", written(notebook(1000))),
        ("10 MB of text", prose(10_000_000)),
    ]
    for name, text in samples:
        file = folder / f"{name.split()[0]}.db"
        history = History.open(file)
        count = 5 if len(text) > 5_000_000 else 50
        seconds = []
        for number in range(count):
            data = (text + f"# {number}\n").encode()
            began = time.perf_counter()
            history.record_version("a", data, by="Ada", source="disk", at=float(number))
            seconds.append(time.perf_counter() - began)
        each = history.stored_bytes // count
        history.close()
        rows.append((name, shown(min(seconds)), amount(len(text)), amount(each)))
    return rows


# Report

GROWTH = [
    "1 KB of text",
    "state vector",
    "all updates",
    "1 document: grown by, a save",
    "2 documents",
    "rtcd",
    "1, of late",
    "2, of late",
    "rtcd, of late",
    "CPU a save",
]
REWRITES = ["a rewrite beside others' work", "in the daemon", "worker: longest pause", "took"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="saves a row; the best is shown")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for each of the others")
    parser.add_argument("--saves", type=int, default=10_000, help="saves of the second table")
    parser.add_argument("--quick", action="store_true", help="1 MB instead of 10 MB")
    parser.add_argument(
        "--tables",
        nargs="+",
        choices=("paths", "growth", "rewrites", "history"),
        default=("paths", "growth", "rewrites", "history"),
        help="which tables; all of them take some five minutes",
    )
    arguments = parser.parse_args()
    print(f"{machine()}; Python {sys.version.split()[0]}")
    if "growth" in arguments.tables:
        # First, while the process is small: then its growth is that of the saves.
        show(GROWTH, many_saves(arguments.saves))
    with tempfile.TemporaryDirectory() as folder:
        if "paths" in arguments.tables:
            print(f"a fixed loop takes {shown(fixed_loop())} before")
            names = [name for name, *_ in COMPETITORS]
            head = ["save", "goal", "rtcd", "and others", "update", *names]
            show(head, path_rows(arguments, Path(folder)))
            print(f"a fixed loop takes {shown(fixed_loop())} after")
        if "rewrites" in arguments.tables:
            show(REWRITES, rewrites(quick=arguments.quick))
        if "history" in arguments.tables:
            show(["a version of", "recorded in", "size", "stored"], history_rows(Path(folder)))


def path_rows(arguments: argparse.Namespace, folder: Path) -> list[tuple[str, ...]]:
    """What others have to wait for, beside what else there is."""
    rows = []
    for case in cases(quick=arguments.quick):
        alone = rtcd_row(case, arguments.repeat, folder, versions=0)
        among = rtcd_row(case, arguments.repeat, folder, versions=VERSIONS)
        others = [
            competitor(case, module, kind, work, arguments.limit).beside(alone.worked)
            for _, module, kind, work in COMPETITORS
        ]
        rows.append((case.name, case.goal, str(alone), str(among), amount(alone.size), *others))
        print(".", end="", file=sys.stderr, flush=True)
    return rows


def show(head: list[str], rows: list[tuple[str, ...]]) -> None:
    """Print a table at once: what follows may be stopped."""
    print(f"\n{table(head, rows)}", flush=True)


if __name__ == "__main__":
    main()
