"""Whole histories of rtcd in a simulated world, and what was lost in them.

    python -m simulation run [--histories 2000] [--first 0] [--shape long|short] [--state FILE] [--minutes M] [--moves]
        [--without-room] [--jobs 1]
    python -m simulation replay SEED [--trace] [--moves] [--without-room]
    python -m simulation fuzz [--runs 20000] [--seed 0] [--state FILE] [--minutes M]
    python -m simulation bugs [NAME ...]
    python -m simulation hunt [NAME ...] [--seconds 15] [--journal FILE]

``run`` prints a table and the seeds of failures; with ``--state`` it can be stopped (Ctrl-C) and
goes on from there when it is called again. ``replay`` runs one seed and says what happened. ``fuzz``
feeds damaged input to everything that reads what strangers wrote. ``bugs`` plants known bugs in a
copy of the package, one at a time, and shows that the suites notice. ``hunt`` does the same with
histories, and shows how soon those of each shape notice.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Generator
from dataclasses import replace
from functools import partial
from pathlib import Path

from simulation import fuzz, hunt, seeded_bugs
from simulation.oracle import BREAKS, Result
from simulation.plan import SHAPES, Plan
from simulation.running import simulate
from simulation.state import Totals

SAVE_EVERY_SECONDS = 10.0
HASH_SEED = "PYTHONHASHSEED"


def main() -> int:
    """Do what the words say; 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="many histories")
    run.add_argument(
        "--histories", type=int, default=2000, help="in all, those of --state included"
    )
    run.add_argument("--first", type=int, default=0, help="the first seed")
    run.add_argument("--shape", choices=SHAPES, default="long", help="how much is in each")
    run.add_argument("--steps", type=int, help="what people do in each")
    run.add_argument("--moves", action="store_true", help="people delete and rename files, too")
    run.add_argument("--without-room", action="store_true", help="a host, and saves without rooms")
    run.add_argument("--jobs", type=int, default=1, help="so many at the same time")
    run.add_argument("--state", type=Path, help="a file to stop and go on with")
    run.add_argument("--minutes", type=float, default=float("inf"), help="stop after that long")
    run.add_argument("--processor-seconds", type=float, default=float("inf"), help="the same")
    replay = commands.add_parser("replay", help="one history")
    replay.add_argument("seed", type=int)
    replay.add_argument("--shape", choices=SHAPES, default="long")
    replay.add_argument("--steps", type=int)
    replay.add_argument("--moves", action="store_true")
    replay.add_argument("--without-room", action="store_true")
    replay.add_argument("--trace", action="store_true", help="everything that happened")
    fuzz.add_arguments(commands.add_parser("fuzz", help="damaged input for all parsers"))
    seeded_bugs.add_arguments(commands.add_parser("bugs", help="do the suites notice known bugs?"))
    hunt.add_arguments(commands.add_parser("hunt", help="how soon do histories notice them?"))
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        if arguments.command == "run":
            return _run(arguments)
        if arguments.command == "replay":
            return _replay(arguments)
        if arguments.command == "fuzz":
            return fuzz.run(arguments)
        if arguments.command == "hunt":
            return hunt.run(arguments)
        return seeded_bugs.run(arguments)
    return 130


def _plan(arguments: argparse.Namespace) -> Plan:
    return Plan(
        SHAPES[arguments.shape],
        arguments.steps,
        moves=arguments.moves,
        without_room=arguments.without_room,
        host=True if arguments.without_room else None,
    )


def _run(arguments: argparse.Namespace) -> int:
    totals = Totals.read(arguments.state) if arguments.state else Totals()
    gc.disable()
    totals.next = max(totals.next, arguments.first)
    plan = _plan(arguments)
    started = saved = shown = time.monotonic()
    limit = totals.seconds + arguments.processor_seconds
    left = max(arguments.histories - totals.histories, 0)
    results = _results(range(totals.next, totals.next + left), plan, arguments.jobs)
    try:
        for result in results:
            now = time.monotonic()
            totals.next = result.seed + 1
            totals.add(result)
            if not result.is_good:
                print(_sentence(result.to_json()), flush=True)
            if arguments.state and now - saved > SAVE_EVERY_SECONDS:
                totals.write(arguments.state)
                saved = now
            if sys.stderr.isatty() and now - shown > 1:
                print(f"\r{totals.histories} histories", end="", file=sys.stderr, flush=True)
                shown = now
            if now - started > arguments.minutes * 60 or totals.seconds > limit:
                break
    finally:
        results.close()
        if arguments.state:
            totals.write(arguments.state)
        print(table(totals))
    return 1 if totals.failures else 0


def _results(seeds: range, plan: Plan, jobs: int) -> Generator[Result]:
    """One result after the other, in the order of the seeds."""
    if jobs == 1:
        for seed in seeds:
            yield simulate(seed, plan)
        return
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(partial(simulate, plan=plan), seeds)


def _sentence(found: dict[str, object]) -> str:
    broken = {name: found[name] for name in BREAKS if found[name]}
    return f"seed {found['seed']}: {json.dumps(broken)} faults: {found['faults']}"


def table(totals: Totals) -> str:
    """The figures, aligned."""
    rows = [
        ("histories", totals.histories),
        ("things people did", totals.steps),
        ("faults", totals.faults),
        ("tokens typed", totals.tokens),
        ("lost", totals.lost),
        ("taken back though all was seen", totals.overruled),
        ("doubled", totals.doubled),
        ("histories that diverged", totals.diverged),
        ("histories with a write storm", totals.storms),
        ("histories with a false claim to be synced", totals.dishonest),
        ("histories with a bug caught at a task's edge", totals.bugs),
        ("tokens taken back by a save, in the history only", totals.taken_back),
        ("tokens taken back, and then the history was lost", totals.forgotten),
        ("tokens kept in a conflict, not in the text", totals.recorded),
        ("tokens kept twice on record, history lost", totals.repeated),
        ("deleted tokens that came back", totals.came_back),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value:>12,}" for name, value in rows]
    seeds = ", ".join(str(failure["seed"]) for failure in totals.failures)
    lines.append(f"{'seeds of failures':<{width}}  {seeds or '-':>12}")
    lines.append(f"{'seconds of processor time':<{width}}  {totals.seconds:>12,.0f}")
    return "\n".join(lines)


def _replay(arguments: argparse.Namespace) -> int:
    plan = replace(_plan(arguments), trace=arguments.trace)
    result = simulate(arguments.seed, plan)
    if arguments.trace:
        print(result.trace)
    shown = {name: value for name, value in result.to_json().items() if value and name != "trace"}
    print(json.dumps(shown, indent=1))
    return 0 if result.is_good else 1


if __name__ == "__main__":
    if os.environ.get(HASH_SEED) != "0":
        # The order of a set of strings must be the same in every run.
        os.environ[HASH_SEED] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "simulation", *sys.argv[1:]])
    code = main()
    sys.stdout.flush()
    # What was killed in a history has destructors that would complain now.
    os._exit(code)
