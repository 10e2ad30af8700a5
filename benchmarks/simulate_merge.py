"""How often is the base found, and what is lost? The tables of merging.

    python benchmarks/simulate_merge.py [--saves 1000] [--runs 300] [--seed 1]

The first table (merging 4.3): saves made in known ways from real source files, with histories of
two to six versions; how often the base is right, how often the decision is recorded for people, and
how often it is wrong without a record. The second table (merging 9): whole histories of several
disks, editors that do not reload, and a server; which tokens are lost. The same seed gives the same
numbers.
"""

from __future__ import annotations

import argparse
import random
import sys
import sysconfig
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from properties.merge_simulation import Plan, simulate
from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import Candidate

WORDS = ["value", "path", "total", "name", "index", "result", "count", "line", "left", "key"]


# Edits of source files


def random_line(rng: random.Random) -> str:
    one, two = rng.sample(WORDS, 2)
    return rng.choice(
        [
            f"    {one} = {two}_{rng.randint(1, 999)}({one}, {rng.randint(0, 9)})",
            f"    if {one} > {rng.randint(0, 99)}: return {two}",
            f"    print('{one}', {two})",
            f"    # {one} of the {two}, see {rng.choice(WORDS)}",
        ]
    )


def edit(text: str, rng: random.Random, hunks: int) -> str:
    """Some hunks of one to five lines each, as people make them."""
    lines = text.split("\n")
    for _ in range(hunks):
        place = rng.randrange(len(lines))
        what = rng.random()
        if what < 0.45:
            lines[place:place] = [random_line(rng) for _ in range(rng.randint(1, 5))]
        elif what < 0.85:
            words = lines[place].split(" ")
            words[rng.randrange(len(words))] = f"{rng.choice(WORDS)}{rng.randint(1, 99)}"
            lines[place] = " ".join(words)
        else:
            del lines[place : place + rng.randint(1, 3)]
    return "\n".join(lines)


def formatted(text: str) -> str:
    """Other quotes, another indent, long argument lists broken."""
    lines = []
    for line in text.replace("'", '"').split("\n"):
        body = line.lstrip(" ")
        indent = "  " * ((len(line) - len(body)) // 4)
        if len(line) > 60 and body.endswith("):") and "(" in body:
            head, _, rest = body.partition("(")
            lines += [
                f"{indent}{head}(",
                *(f"{indent}    {a.strip()}," for a in rest[:-2].split(",")),
            ]
            lines.append(f"{indent}):")
        else:
            lines.append(indent + body)
    return "\n".join(lines)


def some_hunks_back(old: str, new: str, rng: random.Random, share: float) -> str:
    """The new text with a share of the changed hunks as they were before."""
    from rtcd.diff.edits import apply_edits
    from rtcd.diff.text import diff_text

    edits = diff_text(old, new)
    kept = [change for change in edits if rng.random() >= share]
    return apply_edits(old, kept)


# Scenarios: from a history to a save, and the place of the right base


@dataclass
class Made:
    """A save; ``right`` is the base of the person who made it, ``is_stale`` if not the newest."""

    save: str
    right: int
    is_stale: bool


def fresh(h: list[str], rng: random.Random) -> Made:
    return Made(edit(h[-1], rng, rng.randint(1, 4)), len(h) - 1, is_stale=False)


def stale(h: list[str], rng: random.Random) -> Made:
    place = rng.randrange(len(h) - 1)
    return Made(edit(h[place], rng, rng.randint(1, 4)), place, is_stale=True)


def stale_formatter(h: list[str], rng: random.Random) -> Made:
    made = stale(h, rng)
    return Made(formatted(made.save), made.right, is_stale=True)


def fresh_formatter(h: list[str], rng: random.Random) -> Made:
    made = fresh(h, rng)
    return Made(formatted(made.save), made.right, is_stale=False)


def rewrite(h: list[str], rng: random.Random) -> Made:
    lines = h[-1].split("\n")
    for place in rng.sample(range(len(lines)), len(lines) // 4):
        lines[place] = random_line(rng)
    return Made("\n".join(lines), len(h) - 1, is_stale=False)


def copied_hunk(h: list[str], rng: random.Random) -> Made:
    place = rng.randrange(len(h) - 1)
    copied = some_hunks_back(h[place], h[-1], rng, 0.7)
    return Made(edit(copied, rng, 2), place, is_stale=True)


def partial_undo(h: list[str], rng: random.Random) -> Made:
    back = some_hunks_back(h[-2], h[-1], rng, 0.5)
    return Made(edit(back, rng, 1), len(h) - 1, is_stale=False)


def restored(h: list[str], rng: random.Random) -> Made:
    return Made(h[rng.randrange(len(h) - 1)], len(h) - 1, is_stale=False)


def stale_unchanged(h: list[str], rng: random.Random) -> Made:
    place = rng.randrange(len(h) - 1)
    return Made(h[place], place, is_stale=True)


def full_revert(h: list[str], rng: random.Random) -> Made:
    return Made(edit(h[-2], rng, 2), len(h) - 1, is_stale=False)


SCENARIOS: dict[str, tuple[Callable[[list[str], random.Random], Made], float]] = {
    "fresh": (fresh, 0.2),
    "stale": (stale, 0.2),
    "stale + formatter": (stale_formatter, 0.1),
    "fresh + formatter": (fresh_formatter, 0.1),
    "rewrite 25 %": (rewrite, 0.08),
    "stale, copied hunks": (copied_hunk, 0.05),
    "partial undo": (partial_undo, 0.07),
    "old version restored": (restored, 0.08),
    "stale, unchanged": (stale_unchanged, 0.05),
    "full revert + edit": (full_revert, 0.07),
}


def sources(limit: int = 200) -> list[str]:
    """Texts of the standard library, 3 to 60 KB."""
    texts = []
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if 3_000 <= len(text) <= 60_000:
            texts.append(text)
    return texts[:limit]


def as_content(text: str, *, notebook: bool) -> Content:
    if not notebook:
        return TextContent(text)
    cells = (Cell(None, "code", part) for part in text.split("\n\n\n"))
    return NotebookContent(tuple(cells))


def base_table(saves: int, seed: int) -> None:
    rng = random.Random(seed)
    texts = sources()
    names = list(SCENARIOS)
    weights = [SCENARIOS[name][1] for name in names]
    right: Counter[str] = Counter()
    recorded: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    count: Counter[str] = Counter()
    confusion: defaultdict[tuple[str, str], int] = defaultdict(int)
    seconds = 0.0
    for _ in range(saves):
        name = rng.choices(names, weights)[0]
        history = [rng.choice(texts)]
        for _ in range(rng.randint(1, 5)):
            history.append(edit(history[-1], rng, rng.randint(1, 4)))
        made = SCENARIOS[name][0](history, rng)
        notebook = rng.random() < 0.3
        candidates = [
            Candidate(content=as_content(text, notebook=notebook), own_save=False, read=None)
            for text in history
        ]
        save = as_content(made.save, notebook=notebook)
        started = time.process_time()
        choice = choose_base(save, candidates)
        seconds += time.process_time() - started
        is_right = choice.index == made.right
        count[name] += 1
        right[name] += is_right
        recorded[name] += choice.conflict is not None
        silent[name] += not is_right and choice.conflict is None
        decision = "newest" if choice.index == len(history) - 1 else "older"
        confusion["stale" if made.is_stale else "seen", decision] += 1
    print(f"\nbase of {saves} saves, content only ({1000 * seconds / saves:.1f} ms each)")
    print(f"{'scenario':24}{'saves':>7}{'right %':>9}{'recorded %':>12}{'wrong, silent %':>17}")
    for name in names:
        total = max(count[name], 1)
        shares = (100 * each[name] / total for each in (right, recorded, silent))
        print("{:24}{:7}{:9.1f}{:12.1f}{:17.1f}".format(name, count[name], *shares))
    print("\ntruth -> decision")
    for truth, decision in (
        ("stale", "older"),
        ("stale", "newest"),
        ("seen", "newest"),
        ("seen", "older"),
    ):
        note = {
            ("stale", "newest"): "  (others' edits lost)",
            ("seen", "older"): "  (nothing lost)",
        }
        print(
            f"{truth:>6} -> {decision:7}{confusion[truth, decision]:6}{note.get((truth, decision), '')}"
        )


# Whole histories

PLANS = {
    "true base, one token a line": Plan(true_base=True),
    "true base, words in lines": Plan(true_base=True, words=True),
    "inferred, reads seen, lines": Plan(),
    "inferred, reads seen, words": Plan(words=True),
    "inferred, content only, lines": Plan(reads_seen=False),
    "inferred, content only, words": Plan(reads_seen=False, words=True),
    "newest version always, lines": Plan(newest_always=True),
    "notebooks, true base": Plan(kind="notebook", true_base=True),
    "notebooks, inferred": Plan(kind="notebook"),
    "notebooks, cells move and go": Plan(
        kind="notebook", true_base=True, structure=True, browsers=False
    ),
}


def convergence_table(runs: int, seed: int) -> None:
    print(f"\n{runs} histories each (seeds from {seed})")
    print(
        f"{'scheme':32}{'tokens':>8}{'lost':>6}{'lost %':>8}{'for good':>10}{'doubled':>9}"
        f"{'came back':>11}{'apart':>7}{'saves':>8}{'recorded':>10}"
    )
    for name, plan in PLANS.items():
        results = [simulate(plan, seed + number) for number in range(runs)]
        tokens = sum(r.tokens for r in results)
        lost = sum(len(r.lost) for r in results)
        print(
            f"{name:32}{tokens:8}{lost:6}{100 * lost / tokens:8.3f}"
            f"{sum(len(r.unrecoverable) for r in results):10}"
            f"{sum(len(r.duplicated) for r in results):9}"
            f"{sum(len(r.came_back) for r in results):11}"
            f"{sum(not r.converged for r in results):7}"
            f"{sum(r.saves for r in results):8}{sum(r.conflicts for r in results):10}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=1000, help="saves of the first table")
    parser.add_argument("--runs", type=int, default=300, help="histories a row of the second")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    base_table(arguments.saves, arguments.seed)
    convergence_table(arguments.runs, arguments.seed)


if __name__ == "__main__":
    main()
