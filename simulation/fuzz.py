"""Damaged input for everything that reads what strangers wrote.

Good samples are mutated (bits, cuts, copies, splices, known numbers); whatever comes must give a
value or an ``RtcdError``: no other exception, no panic of the CRDT library, no crash, no long wait.
A document that was read is used too: content, formatting, merging. Batches run in a process of
their own, so that a crash is a finding and not the end.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rtcd.errors import RtcdError
from simulation.damage import mutated
from simulation.fuzz_targets import Target, targets

BATCH = 2000
SLOW_SECONDS = 2.0


def batch(first: int, count: int) -> dict[str, Any]:
    """Runs ``first`` to ``first + count``; what was found, as JSON."""
    readers = targets()
    done: Counter[str] = Counter()
    findings: list[dict[str, Any]] = []
    for number in range(first, first + count):
        target, data = sample_of(number, readers)
        done[target.name] += 1
        started = time.perf_counter()
        problem = problem_of(target, data)
        seconds = time.perf_counter() - started
        if problem is None and seconds > SLOW_SECONDS:
            problem = f"took {seconds:.1f} s"
        if problem is not None:
            shown = base64.b64encode(data[:3000]).decode()
            findings.append(
                {"run": number, "target": target.name, "problem": problem, "input": shown}
            )
    return {"done": dict(done), "findings": findings[:20], "found": len(findings)}


def sample_of(number: int, readers: tuple[Target, ...]) -> tuple[Target, bytes]:
    """The input of one run; the same number gives the same."""
    rng = random.Random(number)
    target = readers[number % len(readers)]
    data, other = rng.choice(target.samples), rng.choice(rng.choice(readers).samples)
    return target, mutated(data, other, rng)


def problem_of(target: Target, data: bytes) -> str | None:
    """What went wrong that must not."""
    try:
        target.read(data)
    except RtcdError:
        return None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic is one
        return f"{type(error).__module__}.{type(error).__name__}: {error}"[:300]
    return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For ``python -m simulation fuzz``."""
    parser.add_argument(
        "--runs", type=int, default=20_000, help="in all, those of --state included"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first run's number")
    parser.add_argument("--state", type=Path, help="a file to stop and go on with")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after that long")
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Batch after batch; 1 when something was found."""
    if arguments.batch is not None:
        print(json.dumps(batch(arguments.seed, arguments.batch)))
        return 0
    state: dict[str, Any] = {"next": arguments.seed, "runs": 0, "done": {}, "findings": []}
    if arguments.state and arguments.state.exists():
        state = json.loads(arguments.state.read_text())
    started = time.monotonic()
    try:
        while (
            state["runs"] < arguments.runs and time.monotonic() - started < arguments.minutes * 60
        ):
            count = min(BATCH, arguments.runs - state["runs"])
            _add(state, _batch_elsewhere(state["next"], count), count)
            if arguments.state:
                arguments.state.write_text(json.dumps(state) + "\n")
    finally:
        _print(state)
    return 1 if state["findings"] else 0


def _batch_elsewhere(first: int, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "simulation", "fuzz"]
    words = [*command, "--seed", str(first), "--batch", str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        problem = f"the process ended with {done.returncode}: {done.stderr[-500:]}"
        found = {"run": first, "target": "?", "problem": problem, "input": ""}
        return {"done": {}, "findings": [found], "found": 1}
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _add(state: dict[str, Any], found: dict[str, Any], count: int) -> None:
    state["next"] += count
    state["runs"] += count
    for name, number in found["done"].items():
        state["done"][name] = state["done"].get(name, 0) + number
    state["findings"] += found["findings"]
    for finding in found["findings"]:
        print(f"run {finding['run']} {finding['target']}: {finding['problem']}", flush=True)


def _print(state: dict[str, Any]) -> None:
    rows = [*sorted(state["done"].items()), ("all", state["runs"])]
    rows.append(("findings", len(state["findings"])))
    width = max(len(name) for name, _ in rows)
    for name, number in rows:
        print(f"{name:<{width}}  {number:>12,}")
