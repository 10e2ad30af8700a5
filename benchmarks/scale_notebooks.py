"""Notebooks of any number of cells or images, with one line that is easy to change."""

from __future__ import annotations

import base64
import json
import random

MARK = "edit number "
IMAGE_BYTES = 1_000_000

Cell = dict[str, object]


def notebook_of(count: int) -> bytes:
    """Small code cells, each with a line of output."""
    stream = {"name": "stdout", "output_type": "stream", "text": ["done\n"]}
    return _notebook(
        [_code(n, f"value = compute({n})\nprint(value)", [stream]) for n in range(count)]
    )


def notebook_of_images(count: int) -> bytes:
    """Cells with an image of 1 MB each."""
    rng = random.Random(1)
    cells = []
    for number in range(count):
        image = base64.b64encode(rng.randbytes(IMAGE_BYTES * 3 // 4)).decode()
        output = {"data": {"image/png": image}, "metadata": {}, "output_type": "display_data"}
        cells.append(_code(number, f"show({number})", [output]))
    return _notebook(cells)


def edited_notebook(data: bytes, number: int) -> bytes:
    """The same with another number in its line: one to three characters differ."""
    place = data.index(MARK.encode()) + len(MARK)
    return data[:place] + f"{number % 1000:03d}".encode() + data[place + 3 :]


def _code(number: int, source: str, outputs: list[dict[str, object]]) -> Cell:
    return {
        "cell_type": "code",
        "execution_count": number,
        "id": f"cell-{number}",
        "metadata": {},
        "outputs": outputs,
        "source": source.splitlines(keepends=True),
    }


def _notebook(cells: list[Cell]) -> bytes:
    middle = len(cells) // 2
    first = cells[middle]["source"]
    assert isinstance(first, list)
    cells[middle]["source"] = [f"# {MARK}000\n", *first]
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n"
