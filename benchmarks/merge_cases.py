"""The saves that are measured: large files, formatters, notebooks of many cells."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtcd.content import Kind


@dataclass
class Case:
    """One row: what was on disk, what was saved, and the goal."""

    name: str
    kind: Kind
    old: str
    new: str
    goal: str


def prose(size: int, seed: int = 1) -> str:
    """Lines of words, about ``size`` characters."""
    rng = random.Random(seed)
    words = [f"{rng.choice('bcdfglmnprst')}{rng.choice('aeiou')}{n}" for n in range(3000)]
    lines: list[str] = []
    length = 0
    while length < size:
        lines.append(" ".join(rng.choices(words, k=rng.randint(4, 12))))
        length += len(lines[-1]) + 1
    return "\n".join(lines) + "\n"


def one_character(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + "x" + text[middle:]


def scattered(text: str, count: int) -> str:
    """Another word in ``count`` lines."""
    rng = random.Random(2)
    lines = text.split("\n")
    for place in rng.sample(range(len(lines) - 1), count):
        words = lines[place].split(" ")
        words[rng.randrange(len(words))] = f"edit{place}"
        lines[place] = " ".join(words)
    return "\n".join(lines)


def source_code(lines: int) -> str:
    """Code of the standard library that no formatter has seen, about so many lines."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    names = ("optparse.py", "tarfile.py", "mailbox.py", "argparse.py")
    found = "\n".join((folder / name).read_text(encoding="utf-8") for name in names).split("\n")
    return "\n".join(found[:lines])


def by_black(text: str) -> str | None:
    """The text as black writes it, None when it is not installed or cannot read it."""
    for end in (text, text[: text.rfind("\n\n\n")] + "\n"):
        done = subprocess.run(
            [sys.executable, "-m", "black", "-q", "-"], input=end, capture_output=True, text=True
        )
        if done.returncode == 0:
            return done.stdout
    return None


def notebook(cells: int, *, ids: str = "cell") -> dict[str, Any]:
    """Code cells with a text output each; 1,000 of them are 1.2 MB."""
    rng = random.Random(3)

    def lines(count: int) -> list[str]:
        return [
            f"{word}\n" for word in prose(count * 50, rng.randint(0, 10**6)).split("\n")[:count]
        ]

    made = [
        {
            "cell_type": "code",
            "execution_count": number,
            "id": f"{ids}{number}",
            "metadata": {},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": lines(6)}],
            "source": lines(10),
        }
        for number in range(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": made,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def written(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def cases(*, quick: bool) -> Iterable[Case]:
    large = prose(1_000_000 if quick else 10_000_000)
    yield Case("one character in 10 MB of text", "text", large, one_character(large), "< 100 ms")
    del large
    middle = prose(1_000_000)
    yield Case("500 scattered edits in 1 MB", "text", middle, scattered(middle, 500), "< 400 ms")
    code = source_code(3300)
    black = by_black(code)
    if black is not None:
        yield Case(f"black over {code.count(chr(10)):,} lines", "text", code, black, "< 60 ms")
    whole = notebook(1000)
    edited = json.loads(json.dumps(whole))
    edited["cells"][500]["source"][3] = "x" + edited["cells"][500]["source"][3]
    yield Case("one character, 1,000 cells", "notebook", written(whole), written(edited), "< 60 ms")
    renamed = json.loads(json.dumps(whole))
    for number, cell in enumerate(renamed["cells"]):
        cell["id"] = f"other{number}"
    yield Case("new ids, 1,000 cells", "notebook", written(whole), written(renamed), "< 100 B")
    ran = json.loads(json.dumps(whole))
    for cell in ran["cells"]:
        cell["execution_count"] += 1000
    yield Case("execution counts, 1,000 cells", "notebook", written(whole), written(ran), "")
