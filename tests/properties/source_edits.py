"""Edits of real source files, as people, formatters and programs make them."""

from __future__ import annotations

import random
import sysconfig
from functools import cache
from pathlib import Path

from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.diff.edits import TextEdit, apply_edits
from rtcd.diff.text import diff_text

WORDS = ["value", "path", "total", "name", "index", "result", "count", "line", "left", "key"]
SMALLEST, LARGEST = 3_000, 60_000


@cache
def sources(limit: int = 200) -> tuple[str, ...]:
    """Texts of the standard library, 3 to 60 KB."""
    texts = (
        path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    )
    return tuple(text for text in texts if SMALLEST <= len(text) <= LARGEST)[:limit]


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
    """Some hunks of one to five lines each, anywhere."""
    lines = text.split("\n")
    for _ in range(hunks):
        edit_lines(lines, rng, rng.randrange(len(lines)))
    return "\n".join(lines)


def edit_lines(lines: list[str], rng: random.Random, place: int) -> None:
    """One hunk: new lines, another word, or lines that go."""
    what = rng.random()
    if what < 0.45:
        lines[place:place] = [random_line(rng) for _ in range(rng.randint(1, 5))]
    elif what < 0.85:
        words = lines[place].split(" ")
        words[rng.randrange(len(words))] = f"{rng.choice(WORDS)}{rng.randint(1, 99)}"
        lines[place] = " ".join(words)
    else:
        del lines[place : place + rng.randint(1, 3)]


def edit_half(text: str, rng: random.Random, hunks: int, *, upper: bool) -> str:
    """Hunks in one half of the text only; between the halves twenty lines stay."""
    lines = text.split("\n")
    middle = len(lines) // 2
    head, tail = lines[: middle - 10], lines[middle + 10 :]
    mine = head if upper else tail
    for _ in range(hunks):
        edit_lines(mine, rng, rng.randrange(len(mine)))
    return "\n".join([*head, *lines[middle - 10 : middle + 10], *tail])


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


def rewritten(text: str, rng: random.Random, share: float) -> str:
    """Another line in the place of so many."""
    lines = text.split("\n")
    for place in rng.sample(range(len(lines)), int(len(lines) * share)):
        lines[place] = random_line(rng)
    return "\n".join(lines)


def hunks_between(old: str, new: str) -> list[tuple[TextEdit, ...]]:
    """The changes from one text to another, those of neighbouring lines together."""
    hunks: list[list[TextEdit]] = []
    for change in diff_text(old, new):
        if hunks and old.count("\n", hunks[-1][-1].end, change.start) <= 1:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    return [tuple(hunk) for hunk in hunks]


def with_hunks(old: str, hunks: list[tuple[TextEdit, ...]]) -> str:
    return apply_edits(old, [change for hunk in hunks for change in hunk])


def as_content(text: str, *, notebook: bool) -> Content:
    """The text, or a notebook of which each top-level part is a cell."""
    if not notebook:
        return TextContent(text)
    return NotebookContent(tuple(Cell(None, "code", part) for part in text.split("\n\n\n")))
