"""How soon do histories notice a known bug, and which shape of history notices it for less?

Each bug is planted alone in a copy of the package; then histories of each shape run for a given
processor time, and every one that breaks an invariant counts. What is compared is processor time
for each history that noticed the bug: ten cheap ones that notice it once are better than one dear
one that notices it every second time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.plan import SHAPES
from simulation.seeded_bugs import BUGS, Bug, copied, planted

SHOWN_CHARACTERS = 2_000
FIRST_SEED = 5_000_000
MOST_TAKEN_BACK = 0.02
"""Of all tokens: what saves may take whose base cannot be known, because reads were missed."""

UNIT_TESTED = (
    "what was swapped out is not looked at",
    "only newer times count as changes",
    "a room made anew is taken for the old one",
    "what a crash left in limbo is not taken up",
    "an absent file is a deleted one at once",
    "a truncated file is a save",
    "every save is taken as made from the newest version",
    "daemons do not take turns in a room made anew",
)
"""Of the bugs that tests of their own catch: those that a history can show."""

HUNTED = (
    *(bug for bug in BUGS if bug.name in UNIT_TESTED),
    Bug(
        "saves that end after a swap are not looked for",
        "rtcd/disk/limbo.py",
        "        due = [(name, entry) for name, entry in waiting if entry.look_at <= now]\n",
        "        due = [(name, entry) for name, entry in waiting[:0] if entry.look_at <= now]\n",
    ),
    Bug(
        "the folder is never looked through again",
        "rtcd/sync/local_side.py",
        "            if self._early is None:\n                await self.rescan()\n",
        "            await asyncio.sleep(0)\n",
    ),
    Bug(
        "what the server has not acknowledged counts as agreed",
        "rtcd/sync/remembering.py",
        "        if state == self._remembered or room.unacknowledged:\n",
        "        if state == self._remembered:\n",
    ),
    Bug(
        "what a lost room held and the disk did not is forgotten",
        "rtcd/sync/remembering.py",
        "        if it.replica is not None and it.unwritten():\n",
        "        if it.replica is None and it.unwritten():\n",
    ),
    Bug(
        "versions from before a restart are not looked at",
        "rtcd/sync/working.py",
        "        earlier = it.earlier or it.ledger.versions_on_disk()\n",
        "        earlier = it.earlier\n",
    ),
    Bug(
        "a write that failed is not tried again",
        "rtcd/sync/writing.py",
        "            self._retry_at = it.clock() + HELD_RETRY.delay(self._failures, random.random())\n",
        "            self._retry_at = None\n",
    ),
    Bug(
        "a read that failed is not tried again",
        "rtcd/sync/local_side.py",
        "        if error.code not in PASSING_TROUBLE:\n",
        "        if error.code:\n",
    ),
    Bug(
        "saves that a write of ours went over are dropped",
        "rtcd/sync/writing.py",
        "                it.saves.append(replace(save, displaced=True))\n",
        "                continue\n",
    ),
)


@dataclass(frozen=True)
class Catch:
    """What histories of one shape noticed in so many seconds of processor time."""

    histories: int
    broken: int
    seconds: float
    taken_back: float = 0.0

    @property
    def is_noticed(self) -> bool:
        """A history broke an invariant, or saves took back more than they may."""
        return self.broken > 0 or self.taken_back > MOST_TAKEN_BACK

    @property
    def shown(self) -> str:
        """Seconds for each history that noticed it, or how much was taken back."""
        price = f"{self.seconds / self.broken:.1f} s" if self.broken else "-"
        if self.taken_back > MOST_TAKEN_BACK:
            price = f"{self.taken_back:.1%} back"
        return f"{self.broken:>4} of {self.histories:>5}  {price:>10}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For ``python -m simulation hunt``."""
    parser.add_argument("only", nargs="*", help="words of the names of some bugs")
    parser.add_argument("--seconds", type=float, default=15.0, help="of processor time, each")
    parser.add_argument("--journal", type=Path, help="a file to stop and go on with")


def run(arguments: argparse.Namespace) -> int:
    """Hunt; 1 when a bug was noticed by no history."""
    chosen = [bug for bug in HUNTED if all(word in bug.name for word in arguments.only)]
    names = list(SHAPES)
    known = _read(arguments.journal)
    print(f"{'bug':<56}  " + "  ".join(f"{name:>25}" for name in names), flush=True)
    missed = 0
    with copied() as copy:
        for bug in chosen:
            found = []
            for name in names:
                key = f"{bug.name}|{name}|{arguments.seconds:g}"
                if key not in known:
                    known[key] = vars(_hunt(copy, bug, name, arguments.seconds))
                    _write(arguments.journal, known)
                found.append(Catch(**known[key]))
            missed += not any(catch.is_noticed for catch in found)
            print(f"{bug.name:<56}  " + "  ".join(catch.shown for catch in found), flush=True)
    print(f"noticed {len(chosen) - missed} of {len(chosen)}")
    return 1 if missed else 0


def _hunt(copy: Path, bug: Bug, shape: str, seconds: float) -> Catch:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="rtcd-hunt-") as place:
        state = Path(place) / "state.json"
        words = ("--shape", shape, "--processor-seconds", str(seconds), "--state", str(state))
        more = ("--first", str(FIRST_SEED), "--histories", "1000000")
        with planted(copy, bug) as is_there:
            if not is_there:
                return Catch(0, 0, 0.0)
            done = subprocess.run(
                [sys.executable, "-m", "simulation", "run", *words, *more],
                cwd=copy,
                env={**os.environ, "PYTHONPATH": os.pathsep.join((str(copy), str(copy / "cli")))},
                capture_output=True,
                text=True,
                check=False,
            )
        if not state.exists():
            print(done.stderr[-SHOWN_CHARACTERS:])
            return Catch(0, 0, 0.0)
        found = json.loads(state.read_text())
    taken_back = found["taken_back"] / max(1, found["tokens"])
    return Catch(found["histories"], found["failed"], found["seconds"], taken_back)


def _read(journal: Path | None) -> dict[str, dict[str, Any]]:
    if journal is None or not journal.exists():
        return {}
    known: dict[str, dict[str, Any]] = json.loads(journal.read_text())
    return known


def _write(journal: Path | None, known: dict[str, dict[str, Any]]) -> None:
    if journal is not None:
        journal.write_text(json.dumps(known, indent=1) + "\n")
