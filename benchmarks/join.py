"""Time from ``rtcd join`` to in sync, on a network of two namespaces (as root) or on loopback.

    python -m benchmarks.join [--files 100] [--rounds 5]

The floor is what a start takes anyway: ``rtcd start`` of a folder that joined already, with the same
files on both sides, and the import of the command line.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from benchmarks.tables import machine, run_as_installed, table
from end_to_end.network import Network, NetworkedFolder, why_not
from end_to_end.project_folder import RtcdFolder

CODE = re.compile(r"\d+-[a-z]+-[a-z]+-[a-z]+")
LINES = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    run_as_installed()
    reason = why_not()
    where = "two network namespaces" if reason is None else f"loopback ({reason})"
    with ExitStack() as stack:
        at = Path(tempfile.mkdtemp(prefix="rt-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, at, ignore_errors=True)
        host, guests = _people(stack, at, arguments.rounds, reason is None)
        for number in range(arguments.files):
            text = "".join(f"line {line} of file {number}\n" for line in range(LINES))
            host.write(f"folder{number % 7}/file{number}.txt", text)
        host.start()
        joins, starts, words = [], [], []
        for guest in guests:
            joins.append(_join(host, guest))
            stack.callback(guest.command, "stop")
            assert len(list(guest.root.rglob("*.txt"))) == arguments.files
            assert guest.status()["state"] == "synced"
            guest.stop()
            starts.append(_seconds(guest, "start"))
            words.append(_seconds(guest, "--version"))
            guest.stop()
    print(f"{arguments.files} files, {arguments.rounds} rounds, {where}; {machine()}\n")
    rows = [
        _row("rtcd --version", words, starts),
        _row("rtcd start, joined before", starts, starts),
    ]
    rows.append(_row("rtcd join CODE, to in sync", joins, starts))
    print(table(("what", "median s", "fastest s", "slowest s", "ratio to start"), rows))


def _people(
    stack: ExitStack, at: Path, rounds: int, networked: bool
) -> tuple[RtcdFolder, list[RtcdFolder]]:
    names = ["host", *(f"guest{number}" for number in range(rounds))]
    if not networked:
        folders = [RtcdFolder(at / name / "p", at / name / "h", name=name) for name in names]
    else:
        network = stack.enter_context(Network())
        folders = [
            NetworkedFolder(at / name / "p", at / name / "h", network.machine(name), name=name)
            for name in names
        ]
    stack.callback(folders[0].command, "stop")
    return folders[0], list(folders[1:])


def _join(host: RtcdFolder, guest: RtcdFolder) -> float:
    code = CODE.findall(host.command("share").stdout)[0]
    return _seconds(guest, "join", code, "--name", guest.name)


def _seconds(folder: RtcdFolder, *words: str) -> float:
    began = time.perf_counter()
    done: subprocess.CompletedProcess[str] = folder.command(*words)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return time.perf_counter() - began


def _row(what: str, seconds: list[float], floor: list[float]) -> tuple[str, ...]:
    middle = statistics.median(seconds)
    ratio = middle / statistics.median(floor)
    return what, f"{middle:.2f}", f"{min(seconds):.2f}", f"{max(seconds):.2f}", f"{ratio:.2f}"


if __name__ == "__main__":
    main()
