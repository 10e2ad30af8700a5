"""Long measurements cut into batches of seeds: spread over processes, kept in a journal, added up.

A batch is counted into a ``Tally``, and tallies add up. With a journal, what was counted once is
not counted again: the measurement may be stopped at any time and goes on where it was. A journal
belongs to one state of the code; its first line is a hash of that.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from pathlib import Path

Tally = Counter[str]
BATCH = 100

HERE = Path(__file__).resolve().parent.parent
MEASURED = ("rtcd/crdt", "rtcd/diff", "rtcd/documents", "rtcd/merge", "tests/properties")


def state_of_the_code() -> str:
    """A hash of all sources that decide what is counted."""
    hashed = hashlib.sha256()
    for folder in MEASURED:
        for file in sorted((HERE / folder).glob("*.py")):
            hashed.update(file.read_bytes())
    return hashed.hexdigest()[:16]


class Journal:
    """Tallies by name, in a file or only in memory."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._tallies: dict[str, Tally] = {}
        code = state_of_the_code()
        lines = file.read_text().splitlines() if file is not None and file.exists() else []
        if lines and json.loads(lines[0]) != {"code": code}:
            sys.exit(f"{file} was counted with other code: remove it, or name another journal.")
        for line in lines[1:]:
            name, counts = json.loads(line)
            self._tallies[name] = Counter(counts)
        if not lines:
            self._append({"code": code})

    def get(self, name: str) -> Tally | None:
        """What was counted under that name."""
        return self._tallies.get(name)

    def put(self, name: str, tally: Tally) -> None:
        """Keep a count."""
        self._tallies[name] = tally
        self._append([name, tally])

    def _append(self, item: object) -> None:
        if self._file is not None:
            with self._file.open("a") as out:
                out.write(json.dumps(item) + "\n")


class Batches:
    """Counts batches of seeds in processes, until a deadline.

    Args:
        pool: where the work is done.
        jobs: how many batches are under way at once.
        journal: what was counted before.
        deadline: of ``time.monotonic``: no batch begins after it.
    """

    def __init__(
        self, pool: ProcessPoolExecutor, jobs: int, journal: Journal, deadline: float
    ) -> None:
        self._pool = pool
        self._jobs = jobs
        self._journal = journal
        self._deadline = deadline
        self.is_complete = True

    def tally(self, label: str, count: Callable[[int], Tally], seeds: range) -> Tally:
        """The sum over all seeds, or over those that could be counted until the deadline."""
        parts = list(_parts(seeds))
        names = [f"{label} {part.start}-{part.stop}" for part in parts]
        waiting = [
            (name, part)
            for name, part in zip(names, parts, strict=True)
            if self._journal.get(name) is None
        ]
        running: dict[Future[Tally], str] = {}
        while running or (waiting and time.monotonic() < self._deadline):
            while waiting and len(running) < self._jobs and time.monotonic() < self._deadline:
                name, part = waiting.pop(0)
                running[self._pool.submit(partial(_count, count), part)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                self._journal.put(running.pop(future), future.result())
            self._tell(label, len(parts) - len(waiting) - len(running), len(parts))
        found = [tally for name in names if (tally := self._journal.get(name)) is not None]
        self.is_complete &= len(found) == len(parts)
        return sum(found, Counter())

    def _tell(self, label: str, done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{label}: {100 * done // of} %", end="", file=sys.stderr)


def _parts(seeds: range) -> Iterator[range]:
    for at in range(seeds.start, seeds.stop, BATCH):
        yield range(at, min(at + BATCH, seeds.stop))


def _count(count: Callable[[int], Tally], seeds: Sequence[int]) -> Tally:
    total: Tally = Counter()
    for seed in seeds:
        total.update(count(seed))
    return total
