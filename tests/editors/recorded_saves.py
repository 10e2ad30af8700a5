"""The recorded saves in tests/data/editor-saves, and contents to replay them with."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path
from types import ModuleType
from typing import Any

TRACES = Path(__file__).parents[1] / "data" / "editor-saves"
NAMES = sorted(path.stem for path in TRACES.glob("*.json"))
PHASES = ("open", "save", "quit")


def _replay_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recorded_saves_replay", TRACES / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_replay = _replay_module()


def replay(name: str, file: Path, new: bytes, *, speed: float) -> None:
    """Save ``new`` as this program does, from opening the file to closing the program."""
    trace = _replay.load(TRACES / f"{name}.json")
    _replay.replay(trace, str(file), file.read_bytes(), new, PHASES, speed)


def edited_text(old: bytes, name: str, seed: str) -> bytes:
    """An edit of a text file: lines changed, removed and added; it is never undone later."""
    if name == "shell-append":
        return _appended(old)
    chosen = random.Random(f"{name} {seed}")
    lines = old.decode().splitlines(keepends=True)
    for _ in range(3):
        lines[chosen.randrange(len(lines))] = a_line(chosen)
        del lines[chosen.randrange(len(lines))]
        lines.insert(chosen.randrange(len(lines)), a_line(chosen))
    return "".join(lines).encode()


def a_line(chosen: random.Random) -> str:
    """Three words that nobody else writes."""
    return " ".join(f"{chosen.getrandbits(32):08x}" for _ in range(3)) + "\n"


def _appended(old: bytes) -> bytes:
    """The recording appends the last 3 per mille of the new content: as many as fit that."""
    for count in range(1, len(old)):
        new = old + b"+" * (count - 1) + b"\n"
        if round(0.997 * len(new)) == len(old):
            return new
    raise ValueError("the file is too short to append to")


def edited_notebook(old: bytes, name: str, seed: str) -> bytes:
    """An edit of a notebook in the file's own style: a source, an output and a new cell."""
    chosen = random.Random(f"{name} {seed}")
    notebook: dict[str, Any] = json.loads(old)
    cells = notebook["cells"]
    cell = cells[chosen.randrange(len(cells))]
    cell["source"] = [f"{name} {seed}\n", *cell["source"]][:20]
    code = chosen.choice([cell for cell in cells if cell["cell_type"] == "code"])
    code["outputs"] = [{"name": "stdout", "output_type": "stream", "text": [f"{name} {seed}\n"]}]
    code["execution_count"] = chosen.randrange(1, 10**6)
    added = {"cell_type": "markdown", "id": f"{chosen.getrandbits(32):08x}", "metadata": {}}
    cells.insert(chosen.randrange(len(cells)), added | {"source": [f"# {name} {seed}"]})
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def first_text() -> bytes:
    """Some three kilobytes of lines that all differ."""
    return "".join(f"line {number}: what was there at first\n" for number in range(80)).encode()


def first_notebook() -> bytes:
    """A notebook of twelve cells."""
    cells: list[dict[str, Any]] = []
    for number in range(12):
        cell = {
            "id": f"cell-{number:03d}",
            "metadata": {},
            "source": [f"value_{number} = {number}"],
        }
        if number % 3:
            cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
        else:
            cell |= {"cell_type": "markdown"}
        cells.append(dict(sorted(cell.items())))
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()
