"""How often is the base found, who is bothered with a record, and what is lost? Three tables.

    python benchmarks/simulate_merge.py [--saves 4000] [--days 400] [--runs 20000] [--jobs 2] [--seed 1]

The first table (merging 4.3): saves made in known ways from real source files, with histories of
two to six versions; how often the base is right, how often the decision is recorded for people, and
how often it is wrong without a record. The second: days of work through the whole merge; how many
saves leave a record, of which kind, and why. The third (merging 9): whole histories of several
disks, editors that do not reload, and a server; which tokens are lost, and which of those are
neither in a version nor in a record. The same seed gives the same numbers.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from tables import machine, table

from properties.base_scenarios import SCENARIOS, Decision, decide
from properties.flag_scenarios import ORDINARY, UNUSUAL, Flag, flags_of
from properties.merge_simulation import Plan, Result, simulate

BATCH = 100

ResultT = TypeVar("ResultT")


def batch(work: Callable[[int], ResultT], seeds: range) -> list[ResultT]:
    return [work(seed) for seed in seeds]


def spread(
    pool: Executor, work: Callable[[int], ResultT], seeds: range, label: str
) -> Iterator[ResultT]:
    """The results of all seeds, in order, computed in the pool; progress on a terminal."""
    batches = [
        range(at, min(at + BATCH, seeds.stop)) for at in range(seeds.start, seeds.stop, BATCH)
    ]
    for done, results in enumerate(pool.map(partial(batch, work), batches), 1):
        if sys.stderr.isatty():
            print(f"\r{label}: {100 * done // len(batches)} %   ", end="", file=sys.stderr)
        yield from results
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)


def share(part: int, whole: int, digits: int = 1) -> str:
    return f"{100 * part / max(whole, 1):.{digits}f}"


# The base of a save


def base_table(pool: Executor, seeds: range) -> None:
    found: defaultdict[str, list[Decision]] = defaultdict(list)
    for decision in spread(pool, decide, seeds, "saves"):
        found[decision.scenario].append(decision)
    every = list(chain.from_iterable(found.values()))
    seconds = sum(decision.seconds for decision in every) / len(every)
    print(f"\nthe base of {len(every):,} saves, by content only ({1000 * seconds:.1f} ms each)\n")
    rows = [
        (
            name,
            str(len(found[name])),
            share(sum(one.is_right for one in found[name]), len(found[name])),
            share(sum(one.kind is not None for one in found[name]), len(found[name])),
            share(sum(one.is_silent_mistake for one in found[name]), len(found[name])),
        )
        for name in SCENARIOS
    ]
    print(table(["scenario", "saves", "right %", "recorded %", "wrong, no record %"], rows))
    confusion = Counter((one.is_stale, one.took_newest) for one in every)
    silent = Counter((one.is_stale, one.took_newest) for one in every if one.kind is None)
    names = {
        (True, False): "stale -> older",
        (True, True): "stale -> newest (others' edits taken back)",
        (False, True): "seen -> newest",
        (False, False): "seen -> older (nothing lost)",
    }
    pairs = [(names[key], str(confusion[key]), str(silent[key])) for key in names]
    print("\n" + table(["truth -> decision", "saves", "without a record"], pairs))


# Records


def flag_table(pool: Executor, seeds: range) -> None:
    rows: list[tuple[str, ...]] = []
    kinds: list[tuple[str, ...]] = []
    saves = flagged = 0
    for name in ORDINARY | UNUSUAL:
        days = spread(pool, partial(flags_of, name), seeds, name)
        found = [flags for day in days for flags in day]
        with_record = sum(map(bool, found))
        rows.append((name, str(len(found)), share(with_record, len(found), 2)))
        counts: Counter[Flag] = Counter(flag for flags in found for flag in flags)
        kinds += [(name, flag.reason, str(count), flag.why) for flag, count in counts.most_common()]
        if name in ORDINARY:
            saves, flagged = saves + len(found), flagged + with_record
        if name == list(ORDINARY)[-1]:
            rows.append(("ordinary work, all of it", str(saves), share(flagged, saves, 2)))
    print("\nsaves that leave a record\n")
    print(table(["what people do", "saves", "recorded %"], rows))
    print()
    for name, reason, count, why in kinds:
        print(f"{name}: {reason}, {count} times: {why}")


# Whole histories

PLANS = {
    "true base, lines": Plan(true_base=True),
    "true base, words": Plan(true_base=True, words=True),
    "inferred, reads seen, lines": Plan(),
    "inferred, reads seen, words": Plan(words=True),
    "inferred, content only, lines": Plan(reads_seen=False),
    "inferred, content only, words": Plan(reads_seen=False, words=True),
    "newest version always, lines": Plan(newest_always=True),
    "notebooks, true base": Plan(kind="notebook", true_base=True),
    "notebooks, inferred, reads seen": Plan(kind="notebook"),
    "notebooks, cells move and go": Plan(
        kind="notebook", true_base=True, structure=True, browsers=False
    ),
}
SHORTER = {"newest version always, lines": 20, "notebooks": 10}
"""Rows that prove less, or take longer: one run for so many of the others."""


def runs_of(name: str, runs: int) -> int:
    factor = next((by for start, by in SHORTER.items() if name.startswith(start)), 2)
    return max(1, runs // factor)


def loss_row(name: str, results: Sequence[Result]) -> tuple[str, ...]:
    tokens = sum(one.tokens for one in results)
    lost = sum(len(one.lost) for one in results)
    return (
        name,
        f"{len(results):,}",
        f"{tokens:,}",
        str(lost),
        share(lost, tokens, 4),
        str(sum(len(one.unrecoverable) for one in results)),
        str(sum(len(one.duplicated) for one in results)),
        str(sum(len(one.came_back) for one in results)),
        str(sum(not one.converged for one in results)),
        f"{sum(one.saves for one in results):,}",
        str(sum(one.conflicts for one in results)),
    )


def convergence_table(pool: Executor, runs: int, seed: int) -> None:
    head = ["scheme", "runs", "tokens", "lost", "lost %", "for good", "doubled", "came back"]
    rows = []
    for name, plan in PLANS.items():
        seeds = range(seed, seed + runs_of(name, runs))
        results = list(spread(pool, partial(simulate, plan), seeds, name))
        rows.append(loss_row(name, results))
        odd = [str(one.seed) for one in results if one.unrecoverable or not one.converged]
        if odd:
            print(f"{name}: seeds of runs with a loss for good, or apart: {' '.join(odd)}")
    print(f"\nwhole histories, seeds from {seed}\n")
    print(table([*head, "apart", "saves", "recorded"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=4000, help="saves of the first table")
    parser.add_argument("--days", type=int, default=400, help="days a row of the second")
    parser.add_argument(
        "--runs", type=int, default=20_000, help="histories of each base: half lines, half words"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    first = arguments.seed
    print(f"{machine()}; Python {sys.version.split()[0]}")
    with ProcessPoolExecutor(arguments.jobs) as pool:
        if arguments.saves:
            base_table(pool, range(first, first + arguments.saves))
        if arguments.days:
            flag_table(pool, range(first, first + arguments.days))
        if arguments.runs:
            convergence_table(pool, arguments.runs, first)


if __name__ == "__main__":
    main()
