"""What merging a save costs, beside what else there is.

    python benchmarks/merge.py [--repeat 7] [--limit 20] [--quick]

Every row is the whole path of a save that others have to see: read the file, understand it, find
the version it was made from, compare, edit the shadow, bring the edit to the live document. "And
others": somebody else typed at the end of the file, and four versions of that were put on disk and
read before the save. The best of some runs is shown, as other programs only make it slower. The
columns beside it do the middle of that only: ``difflib`` and diff-match-patch compare two texts,
nbdime two notebooks, and jupyter_ydoc's ``set`` writes a text or notebook into a document. They are
no dependencies of rtcd and are left out where they are not installed. TO: longer than ``--limit``
seconds.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import json
import multiprocessing
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tables import machine, table

from rtcd.content import Kind, TextContent
from rtcd.disk.formats import parse
from rtcd.documents.document import Document
from rtcd.documents.open_document import new_document
from rtcd.history.history import History
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica

NOT_THERE = "not installed"
TIMED_OUT = "TO"
VERSIONS = 4


@dataclass
class Case:
    """One row: what was on disk, what was saved, and the goal."""

    name: str
    kind: Kind
    old: str
    new: str
    goal: str
    versions: list[str] = field(default_factory=list)


# The cases


def prose(size: int, seed: int = 1) -> str:
    """Lines of words, about ``size`` characters."""
    rng = random.Random(seed)
    words = [f"{rng.choice('bcdfglmnprst')}{rng.choice('aeiou')}{n}" for n in range(3000)]
    lines: list[str] = []
    length = 0
    while length < size:
        lines.append(" ".join(rng.choices(words, k=rng.randint(4, 12))))
        length += len(lines[-1]) + 1
    return "\n".join(lines) + "\n"


def one_character(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + "x" + text[middle:]


def scattered(text: str, count: int) -> str:
    """Another word in ``count`` lines."""
    rng = random.Random(2)
    lines = text.split("\n")
    for place in rng.sample(range(len(lines) - 1), count):
        words = lines[place].split(" ")
        words[rng.randrange(len(words))] = f"edit{place}"
        lines[place] = " ".join(words)
    return "\n".join(lines)


def source_code(lines: int) -> str:
    """Code of the standard library that no formatter has seen, about so many lines."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    names = ("optparse.py", "tarfile.py", "mailbox.py", "argparse.py")
    found = "\n".join((folder / name).read_text(encoding="utf-8") for name in names).split("\n")
    return "\n".join(found[:lines])


def by_black(text: str) -> str | None:
    """The text as black writes it, None when it is not installed or cannot read it."""
    for end in (text, text[: text.rfind("\n\n\n")] + "\n"):
        done = subprocess.run(
            [sys.executable, "-m", "black", "-q", "-"], input=end, capture_output=True, text=True
        )
        if done.returncode == 0:
            return done.stdout
    return None


def notebook(cells: int, *, ids: str = "cell") -> dict[str, Any]:
    """Code cells with a text output each; 1,000 of them are 1.2 MB."""
    rng = random.Random(3)

    def lines(count: int) -> list[str]:
        return [
            f"{word}\n" for word in prose(count * 50, rng.randint(0, 10**6)).split("\n")[:count]
        ]

    made = [
        {
            "cell_type": "code",
            "execution_count": number,
            "id": f"{ids}{number}",
            "metadata": {},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": lines(6)}],
            "source": lines(10),
        }
        for number in range(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": made,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def written(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def cases(*, quick: bool) -> Iterable[Case]:
    large = prose(1_000_000 if quick else 10_000_000)
    yield Case("one character in 10 MB of text", "text", large, one_character(large), "< 100 ms")
    del large
    middle = prose(1_000_000)
    yield Case("500 scattered edits in 1 MB", "text", middle, scattered(middle, 500), "< 400 ms")
    code = source_code(3300)
    black = by_black(code)
    if black is not None:
        yield Case(f"black over {code.count(chr(10)):,} lines", "text", code, black, "< 60 ms")
    whole = notebook(1000)
    edited = json.loads(json.dumps(whole))
    edited["cells"][500]["source"][3] = "x" + edited["cells"][500]["source"][3]
    yield Case("one character, 1,000 cells", "notebook", written(whole), written(edited), "< 60 ms")
    renamed = json.loads(json.dumps(whole))
    for number, cell in enumerate(renamed["cells"]):
        cell["id"] = f"other{number}"
    yield Case("new ids, 1,000 cells", "notebook", written(whole), written(renamed), "< 100 B")
    ran = json.loads(json.dumps(whole))
    for cell in ran["cells"]:
        cell["execution_count"] += 1000
    yield Case("execution counts, 1,000 cells", "notebook", written(whole), written(ran), "")


# rtcd


def rtcd_row(case: Case, repeat: int, folder: Path, *, versions: int) -> tuple[float, int]:
    """Seconds of the whole path, and bytes of the update."""
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
        began = time.perf_counter()
        content = parse(case.kind, file.read_bytes())
        outcome = replica.save(content, evidence=Evidence(), now=100.0)
        seconds.append(time.perf_counter() - began)
        size = len(outcome.update)
    return min(seconds), size


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


# What there is beside it


def limited(work: Callable[[], str], seconds: float) -> str:
    """What ``work`` returns, computed in a process of its own; TIMED_OUT, or why it failed."""
    here, there = multiprocessing.Pipe(duplex=False)

    def run() -> None:
        try:
            there.send(work())
        except BaseException as error:  # noqa: BLE001 - a competitor's failure is a result
            there.send(type(error).__name__)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    found = str(here.recv()) if here.poll(seconds) else TIMED_OUT
    process.kill()
    process.join()
    return found


def timed(work: Callable[[], Any]) -> str:
    began = time.perf_counter()
    work()
    return shown(time.perf_counter() - began)


def by_difflib(case: Case) -> str:
    old, new = case.old.splitlines(keepends=True), case.new.splitlines(keepends=True)
    return timed(lambda: difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes())


def by_jupyter_ydoc(case: Case) -> str:
    from jupyter_ydoc import YNotebook, YUnicode

    document: Any = YNotebook() if case.kind == "notebook" else YUnicode()
    read = json.loads if case.kind == "notebook" else str
    document.set(read(case.old))
    new = read(case.new)
    state = document.ydoc.get_state()
    took = timed(lambda: document.set(new))
    return f"{took}, {amount(len(document.ydoc.get_update(state)))}"


def by_diff_match_patch(case: Case) -> str:
    from diff_match_patch import diff_match_patch

    engine = diff_match_patch()
    engine.Diff_Timeout = 0
    return timed(lambda: engine.diff_main(case.old, case.new))


def by_nbdime(case: Case) -> str:
    import nbformat
    from nbdime import diff_notebooks

    old, new = (nbformat.reads(text, as_version=4) for text in (case.old, case.new))
    return timed(lambda: diff_notebooks(old, new))


COMPETITORS: tuple[tuple[str, str, Kind | None, Callable[[Case], str]], ...] = (
    ("difflib (lines)", "difflib", "text", by_difflib),
    ("jupyter_ydoc set", "jupyter_ydoc", None, by_jupyter_ydoc),
    ("diff-match-patch", "diff_match_patch", "text", by_diff_match_patch),
    ("nbdime", "nbdime", "notebook", by_nbdime),
)


def competitor(
    case: Case, module: str, kind: Kind | None, work: Callable[[Case], str], limit: float
) -> str:
    if kind is not None and kind != case.kind:
        return "-"
    if importlib.util.find_spec(module) is None:
        return NOT_THERE
    return limited(lambda: work(case), limit)


# Many saves, and the history


def many_saves(count: int) -> list[tuple[str, ...]]:
    """A kilobyte of text saved again and again: what every peer has to carry, and our memory."""
    start = parse("text", prose(1000).encode())
    room = new_document("text")
    room.become(start)
    replica = Replica("text", room.shared.update_since(), disk=start, now=0.0)
    rows: list[tuple[str, ...]] = []
    assert isinstance(start, TextContent)
    text = start.text
    rng = random.Random(4)
    began = time.perf_counter()
    for number in range(1, count + 1):
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice("abcdefgh ") + text[place + 1 :]
        replica.save(parse("text", text.encode()), evidence=Evidence(), now=float(number))
        if number % 50 == 0:
            replica.settle_versions()
        if number in (100, 1000, 2000, count):
            live = replica.live.shared
            rows.append(
                (
                    f"{number:,} saves",
                    f"{len(live.state_vector())} B",
                    amount(len(live.update_since())),
                    f"{resident() / 1e6:.1f} MB",
                    shown((time.perf_counter() - began) / number),
                )
            )
    return rows


def resident() -> int:
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * 4096 if pages.exists() else 0


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


def shown(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def amount(size: int) -> str:
    for unit, factor in (("MB", 1e6), ("KB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} B"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="saves a row; the best is shown")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for each of the others")
    parser.add_argument("--saves", type=int, default=10_000, help="saves of the second table")
    parser.add_argument("--quick", action="store_true", help="1 MB instead of 10 MB")
    arguments = parser.parse_args()
    # First, while the process is small: then its growth is that of the saves.
    saves = many_saves(arguments.saves)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(quick=arguments.quick):
            place = Path(folder)
            alone, size = rtcd_row(case, arguments.repeat, place, versions=0)
            among, _ = rtcd_row(case, arguments.repeat, place, versions=VERSIONS)
            others = [
                competitor(case, module, kind, work, arguments.limit)
                for _, module, kind, work in COMPETITORS
            ]
            rows.append((case.name, case.goal, shown(alone), shown(among), amount(size), *others))
            print(".", end="", file=sys.stderr, flush=True)
        names = [name for name, *_ in COMPETITORS]
        print(f"\n{machine()}; Python {sys.version.split()[0]}\n")
        print(table(["save", "goal", "rtcd", "and others", "update", *names], rows))
        head = ["1 KB of text", "state vector", "all updates", "memory", "each save"]
        print("\n" + table(head, saves))
        head = ["a version of", "recorded in", "size", "stored"]
        print("\n" + table(head, history_rows(Path(folder))))


if __name__ == "__main__":
    main()
