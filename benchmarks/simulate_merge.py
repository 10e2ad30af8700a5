"""How often is the base found, who is bothered with a record, and what is lost? Three tables.

    python benchmarks/simulate_merge.py [--journal FILE] [--seconds 400] [--saves 4000] [--days 400]
        [--runs 20000] [--only inferred] [--jobs 2] [--seed 1]

The first table (merging 4.3): saves made in known ways from real source files, with histories of
two to six versions; how often the base is right ("score alone": by the rule of merging 4.2 and
nothing else, on the same saves), how often the decision is recorded for people, and how often it
is wrong without a record. The second: days of work through the whole merge; how many saves leave a
record, of which kind, and why. The third (merging 9): whole histories of several disks, editors
that do not reload, and a server; which tokens are lost, and which of those are neither in a
version nor in a record. The same seed gives the same numbers.

With ``--journal`` it may be stopped at any time, by ``--seconds`` too, and goes on when it is
started again.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from batches import Batches, Journal, Tally
from tables import machine, table

from properties.base_scenarios import SCENARIOS, decide
from properties.flag_scenarios import ORDINARY, UNUSUAL, flags_of
from properties.merge_simulation import Plan, simulate


def share(part: int, whole: int, digits: int = 1) -> str:
    return f"{100 * part / max(whole, 1):.{digits}f}"


# The base of a save

TRUTHS = {
    "stale, older taken": "stale -> older",
    "stale, newest taken": "stale -> newest (others' edits taken back)",
    "seen, newest taken": "seen -> newest",
    "seen, older taken": "seen -> older (nothing lost)",
}


def count_decision(seed: int) -> Tally:
    one = decide(seed)
    truth = (
        f"{'stale' if one.is_stale else 'seen'}, {'newest' if one.took_newest else 'older'} taken"
    )
    facts = {"saves": True, "right": one.is_right, "recorded": one.kind is not None}
    facts |= {"silent mistake": one.is_silent_mistake, "right by score": one.is_right_by_score}
    tally: Tally = Counter({f"{one.scenario}: {fact}": 1 for fact, so in facts.items() if so})
    tally[truth] += 1
    tally[f"{truth}, no record"] += one.kind is None
    tally["microseconds"] = round(1e6 * one.seconds)
    return tally


def base_table(batches: Batches, seeds: range) -> None:
    found = batches.tally("saves", count_decision, seeds)
    saves = sum(found[f"{name}: saves"] for name in SCENARIOS)
    each = found["microseconds"] / max(saves, 1) / 1000
    print(f"\nthe base of {saves:,} saves, by content only ({each:.1f} ms each)\n")
    facts = ("right", "right by score", "recorded", "silent mistake")
    rows = []
    for name in SCENARIOS:
        made = found[f"{name}: saves"]
        rows.append((name, str(made), *(share(found[f"{name}: {f}"], made) for f in facts)))
    head = ["scenario", "saves", "right %", "score alone %", "recorded %", "wrong, no record %"]
    print(table(head, rows))
    pairs = [
        (words, str(found[truth]), str(found[f"{truth}, no record"]))
        for truth, words in TRUTHS.items()
    ]
    print("\n" + table(["truth -> decision", "saves", "without a record"], pairs))


# Records


def count_flags(name: str, seed: int) -> Tally:
    tally: Tally = Counter()
    for flags in flags_of(name, seed):
        tally["saves"] += 1
        tally["recorded"] += bool(flags)
        tally.update(f"{flag.reason}: {flag.why}" for flag in flags)
    return tally


def flag_table(batches: Batches, seeds: range) -> None:
    rows: list[tuple[str, ...]] = []
    reasons: list[str] = []
    ordinary: Tally = Counter()
    for name in ORDINARY | UNUSUAL:
        found = batches.tally(name, partial(count_flags, name), seeds)
        rows.append((name, f"{found['saves']:,}", share(found["recorded"], found["saves"], 2)))
        if name in ORDINARY:
            ordinary += found
        if name == list(ORDINARY)[-1]:
            sums = ordinary["saves"], ordinary["recorded"]
            rows.append(("ordinary work, all of it", f"{sums[0]:,}", share(sums[1], sums[0], 2)))
        for why, count in found.most_common():
            if why not in ("saves", "recorded"):
                reasons.append(f"{name}: {count} times {why}")
    print("\nsaves that leave a record\n")
    print(table(["what people do", "saves", "recorded %"], rows))
    print("\n" + "\n".join(reasons))


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
SHORTER = {"inferred, content": 4, "newest version always, lines": 20, "notebooks": 5}
"""Rows that prove less, or take longer: one run for so many of the others."""

LOSSES = ("lost", "lost for good", "doubled", "came back", "apart", "saves", "recorded")


def runs_of(name: str, runs: int) -> int:
    factor = next((by for start, by in SHORTER.items() if name.startswith(start)), 2)
    return max(1, runs // factor)


def count_losses(plan: Plan, seed: int) -> Tally:
    one = simulate(plan, seed)
    tally: Tally = Counter(tokens=one.tokens, runs=1)
    tally["lost"] = len(one.lost)
    tally["lost for good"] = len(one.unrecoverable)
    tally["doubled"] = len(one.duplicated)
    tally["came back"] = len(one.came_back)
    tally["apart"] = not one.converged
    tally["saves"] = one.saves
    tally["recorded"] = one.conflicts
    if one.lost or not one.converged:
        tally[f"seed {seed}"] = 1
    return tally


def convergence_table(batches: Batches, runs: int, seed: int, only: str) -> None:
    rows = []
    odd = []
    for name, plan in PLANS.items():
        if only not in name:
            continue
        seeds = range(seed, seed + runs_of(name, runs))
        found = batches.tally(name, partial(count_losses, plan), seeds)
        lost = share(found["lost"], found["tokens"], 4)
        counts = [f"{found[column]:,}" for column in ("runs", "tokens", *LOSSES)]
        rows.append((name, *counts[:3], lost, *counts[3:]))
        where = [key.removeprefix("seed ") for key in found if key.startswith("seed ")]
        if where and not name.startswith("newest"):
            odd.append(f"{name}: seeds with a loss, or apart: {' '.join(where)}")
    print(f"\nwhole histories, seeds from {seed}\n")
    print(table(["scheme", "runs", "tokens", "lost", "lost %", *LOSSES[1:]], rows))
    print("\n" + "\n".join(odd))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=4000, help="saves of the first table")
    parser.add_argument("--days", type=int, default=400, help="days a row of the second")
    parser.add_argument(
        "--runs", type=int, default=20_000, help="histories of each base: half lines, half words"
    )
    parser.add_argument("--only", default="", help="histories of schemes with this in their name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--journal", type=Path, help="keep what is counted, and go on from it")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after that")
    arguments = parser.parse_args()
    first = arguments.seed
    print(f"{machine()}; Python {sys.version.split()[0]}")
    with ProcessPoolExecutor(arguments.jobs) as pool:
        deadline = time.monotonic() + arguments.seconds
        batches = Batches(pool, arguments.jobs, Journal(arguments.journal), deadline)
        if arguments.saves:
            base_table(batches, range(first, first + arguments.saves))
        if arguments.days:
            flag_table(batches, range(first, first + arguments.days))
        if arguments.runs:
            convergence_table(batches, arguments.runs, first, arguments.only)
    if not batches.is_complete:
        print("\nNot complete: start it again with the same --journal to go on.")
        sys.exit(3)


if __name__ == "__main__":
    main()
