"""``python tests/faults/explore.py crashes|errors|histories --journal FILE [--points N]``.

Faults at length.

Goes through all fault points in order, writes each result as a line into the journal, and begins
where the journal ends: it can be stopped at any time (or with ``--seconds``) and run again. ``--mode`` and ``--rounds``
choose a part. At the end, or at any time with ``report``, a table counts what ran.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.crashes import CrashPoint, crash, kinds
from faults.daemons import Nursery
from faults.errors import ERRNOS, FAIL_CALLS, ErrorPoint, fail
from faults.histories import run_history
from faults.rig import Outcome, Rig
from faults.rounds import ROUNDS
from faults.world import World

MISSES = 2
LONGEST = 60
POINTS_PER_RIG = 150


class Journal:
    """Lines of JSON, one a point; what is in it is not run again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.done: dict[str, dict[str, Any]] = {}
        if file.exists():
            for line in file.read_text().splitlines():
                entry = json.loads(line)
                self.done[entry["point"]] = entry

    def evidence(self, name: str) -> Path:
        """Where to keep what is left of a failed run."""
        place = self._file.with_suffix(".evidence")
        place.mkdir(exist_ok=True)
        return place / f"{name}-{int(time.time())}"

    def write(self, point: object, **found: Any) -> None:
        """A point is done."""
        entry = {"point": str(point), **found}
        self.done[str(point)] = entry
        with self._file.open("a") as opened:
            opened.write(json.dumps(entry) + "\n")


class Explorer:
    """Runs points with one rig after the other; a fresh one after trouble."""

    def __init__(
        self,
        journal: Journal,
        mode: str,
        wanted: int,
        *,
        until: float = float("inf"),
        quiet: bool = False,
    ) -> None:
        self.journal = journal
        self.mode = mode
        self.left = wanted
        self._until = until
        self.nursery = Nursery()
        self._rig: Rig | None = None
        self._used = 0
        self._quiet = quiet

    @property
    def is_over(self) -> bool:
        """True when enough points were run, or the time is up."""
        return self.left <= 0 or time.monotonic() > self._until

    def rig(self) -> Rig:
        """The rig, fresh when there is none."""
        if self._used >= POINTS_PER_RIG:
            self.drop()
        if self._rig is None:
            self._rig = Rig(self.nursery, self.mode).__enter__()  # type: ignore[arg-type]
            self._used = 0
        self._used += 1
        return self._rig

    def drop(self) -> None:
        """End the rig."""
        if self._rig is not None:
            rig, self._rig = self._rig, None
            try:
                rig.__exit__(None, None, None)
            except Exception as error:  # noqa: BLE001 - what is left of a failed point
                print(f"the rig did not end well: {error!r}", flush=True)

    def note(self, point: object, outcome: Outcome, seconds: float, **more: Any) -> None:
        """Write a result down."""
        trouble = outcome.trouble
        if not outcome.is_clean and self._rig is not None:
            trouble = [*trouble, self._rig.folder.log()[-3000:]]
        self.journal.write(
            point,
            lost=outcome.lost,
            doubled=outcome.doubled,
            trouble=trouble,
            seconds=round(seconds, 2),
            **more,
        )
        if not self._quiet:
            print(point, more, "" if outcome.is_clean else outcome, f"{seconds:.2f}", flush=True)

    # ------------------------------------------------------------------ crashes

    def crashes(self, rounds: tuple[str, ...]) -> None:
        """Every call of every kind, until the daemon survives a round because there is none."""
        for name, call, while_starting in kinds(rounds):
            misses = 0
            for number in range(1, LONGEST):
                point = CrashPoint(self.mode, name, call, number, while_starting)
                known = self.journal.done.get(str(point))
                if known is None:
                    if self.is_over:
                        return
                    died = self._crash(point)
                    self.left -= died
                else:
                    died = known["died"]
                misses = 0 if died else misses + 1
                if misses >= MISSES:
                    break

    def _crash(self, point: CrashPoint) -> bool:
        started = time.monotonic()
        died = False
        try:
            died, outcome = crash(self.rig(), point)
        except Exception as error:  # noqa: BLE001 - a failed point must not end the others
            outcome = Outcome(trouble=[f"the test failed: {error!r}"])
        self.note(point, outcome, time.monotonic() - started, died=died)
        if not outcome.is_clean:
            self.drop()
        return died

    # ------------------------------------------------------------------ errors

    def errors(self, rounds: tuple[str, ...], numbers: int) -> None:
        """Every call, the first ``numbers`` of each, every error, once and lasting."""
        for name, number, lasting in itertools.product(
            rounds, range(1, numbers + 1), (False, True)
        ):
            for call, errno in itertools.product(FAIL_CALLS, ERRNOS):
                point = ErrorPoint(self.mode, name, call, number, errno, lasting)
                if str(point) in self.journal.done:
                    continue
                if self.is_over:
                    return
                self.left -= 1
                self._fail(point)

    def _fail(self, point: ErrorPoint) -> None:
        started = time.monotonic()
        try:
            outcome = fail(self.rig(), point)
        except Exception as error:  # noqa: BLE001 - a failed point must not end the others
            outcome = Outcome(trouble=[f"the test failed: {error!r}"])
        self.note(point, outcome, time.monotonic() - started)
        if not outcome.is_clean:
            self.drop()


def histories(journal: Journal, first: int, wanted: int, until: float) -> None:
    """Histories by their numbers; a fresh world after trouble, whose remains are kept."""
    nursery = Nursery()
    world: World | None = None
    numbers = (n for n in itertools.count(first) if f"history {n}" not in journal.done)
    for number in itertools.islice(numbers, wanted):
        started = time.monotonic()
        if started > until:
            break
        trouble: list[str] = []
        steps = 0
        try:
            world = world or World(nursery)
            steps = len(run_history(world, number, server_kills=True))
        except KeyboardInterrupt:
            break
        except BaseException as error:  # noqa: BLE001 - a failed history must not end the others
            trouble.append(f"{error!r}"[-20_000:])
            if world is not None:
                world.keep_evidence(journal.evidence(f"history-{number}"))
            _close(world)
            world = None
        seconds = round(time.monotonic() - started, 1)
        journal.write(
            f"history {number}", lost=[], doubled=[], trouble=trouble, steps=steps, seconds=seconds
        )
        print(number, steps, seconds, "FAILED" if trouble else "", flush=True)
    _close(world)
    nursery.close()


def _close(world: World | None) -> None:
    try:
        if world is not None:
            world.close()
    except Exception as error:  # noqa: BLE001 - what is left of a failed history
        print(f"the world did not end well: {error!r}", flush=True)


def report(journal: Journal) -> str:
    """Counts by mode and kind."""
    rows: Counter[tuple[str, str]] = Counter()
    for point, entry in journal.done.items():
        group = " ".join(point.split()[:2]) if not point.startswith("history") else "histories"
        rows[group, "run"] += 1
        rows[group, "killed"] += bool(entry.get("died"))
        for kind in ("lost", "doubled", "trouble"):
            rows[group, kind] += bool(entry[kind])
    columns = ("run", "killed", "lost", "doubled", "trouble")
    lines = [f"{'points':<20}" + "".join(f"{column:>9}" for column in columns)]
    lines += [
        f"{group:<20}" + "".join(f"{rows[group, column]:>9}" for column in columns)
        for group in sorted({group for group, _ in rows})
    ]
    total = [
        sum(rows[group, column] for group, kind in rows if kind == column) for column in columns
    ]
    lines.append(f"{'all':<20}" + "".join(f"{number:>9}" for number in total))
    return "\n".join(lines)


def chosen(text: str) -> Iterator[str]:
    """Names of rounds, checked."""
    for name in text.split(","):
        if name not in ROUNDS:
            raise SystemExit(f"there is no round {name!r}; there are {', '.join(ROUNDS)}")
        yield name


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("crashes", "errors", "histories", "report"))
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first history")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--mode", default="host", choices=("host", "guest"))
    parser.add_argument("--rounds", default=",".join(ROUNDS))
    parser.add_argument("--numbers", type=int, default=6, help="how many calls of each kind fail")
    arguments = parser.parse_args()
    journal = Journal(arguments.journal)
    rounds = tuple(chosen(arguments.rounds))
    until = time.monotonic() + arguments.seconds
    if arguments.what == "histories":
        histories(journal, arguments.first, arguments.points, until)
    elif arguments.what != "report":
        explorer = Explorer(journal, arguments.mode, arguments.points, until=until)
        try:
            if arguments.what == "crashes":
                explorer.crashes(rounds)
            else:
                explorer.errors(rounds, arguments.numbers)
        except KeyboardInterrupt:
            pass
        finally:
            explorer.drop()
            explorer.nursery.close()
    print(report(journal))


if __name__ == "__main__":
    main()
