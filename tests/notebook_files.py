"""Notebook files as editors write them: any notebook, in many styles; and edits of notebooks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from rtcd.content import Cell, NotebookContent

DATA = Path(__file__).parent / "data" / "notebooks"
FIXTURES = sorted(path for path in DATA.glob("*.ipynb") if path.name != "old-format-3.ipynb")
OLD_FORMAT = DATA / "old-format-3.ipynb"

Writer = Callable[[Any], bytes]


def _dumped(**options: Any) -> Callable[[Any], str]:
    return lambda value: json.dumps(value, **options)


_nbformat = _dumped(indent=1, sort_keys=True, ensure_ascii=False)
_unsorted = _dumped(indent=2, ensure_ascii=False)

STYLES: Mapping[str, Writer] = {
    "nbformat": lambda nb: (_nbformat(nb) + "\n").encode(),
    "indent 2": lambda nb: (_unsorted(nb) + "\n").encode(),
    "indent 4": lambda nb: (_dumped(indent=4, ensure_ascii=False)(nb) + "\n").encode(),
    "indent 0": lambda nb: (_dumped(indent=0, ensure_ascii=False)(nb) + "\n").encode(),
    "tab": lambda nb: (_dumped(indent="\t", ensure_ascii=False)(nb) + "\n").encode(),
    "compact": lambda nb: _dumped(separators=(",", ":"), ensure_ascii=False)(nb).encode(),
    "one line": lambda nb: _dumped(sort_keys=True)(nb).encode(),
    "ascii": lambda nb: (_dumped(indent=1, sort_keys=True)(nb) + "\n").encode(),
    "crlf": lambda nb: (_nbformat(nb) + "\n").replace("\n", "\r\n").encode(),
    "old mac": lambda nb: (_nbformat(nb) + "\n").replace("\n", "\r").encode(),
    "bom": lambda nb: b"\xef\xbb\xbf" + (_nbformat(nb) + "\n").encode(),
    "no final newline": lambda nb: _nbformat(nb).encode(),
    "space around": lambda nb: b"\n \n" + _unsorted(nb).encode() + b" \t\n\n",
    "odd colon": lambda nb: _dumped(indent=3, separators=(" ,", " : "))(nb).encode(),
}

SPACES = ["", "", "", " ", "\n", "\r\n", "\t", " \n  "]


def oddly_written(rng: random.Random, value: Any) -> str:
    """The value as JSON, with white space and escapes as nobody would write them."""
    if not isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if isinstance(value, list):
        items = [oddly_written(rng, item) for item in value]
        brackets = "[]"
    else:
        items = [
            json.dumps(key)
            + rng.choice(SPACES)
            + ":"
            + rng.choice(SPACES)
            + oddly_written(rng, item)
            for key, item in value.items()
        ]
        brackets = "{}"
    if not items:
        return brackets[0] + rng.choice(SPACES) + brackets[1]
    spaced = [rng.choice(SPACES) + item + rng.choice(SPACES) for item in items]
    return brackets[0] + ",".join(spaced) + brackets[1]


words = st.sampled_from(["x = 1", "é", "😀", "\u2028", "a\\b", '"q"', "\x1b[0m", "\t", "print(x)"])
lines = st.lists(words, max_size=4).map(" ".join)
sources = st.lists(lines, max_size=5).map("\n".join)
floats = st.floats(allow_nan=True, allow_infinity=True)
numbers = st.integers(-(2**53), 2**53) | floats
keys = st.sampled_from(["tags", "collapsed", "é", "a", "z", "Z", "kernelspec"])
values = st.recursive(
    st.none() | st.booleans() | numbers | lines,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(keys, values, max_size=3)


@st.composite
def bundles(draw: st.DrawFn) -> dict[str, Any]:
    """The data of an output: texts (split or not), pictures and JSON."""
    whole = {
        "text/plain": draw(split_or_not(sources)),
        "image/png": draw(st.sampled_from(["iVBORw0KGgo=", "AAAA\n"])),
        "application/json": draw(values),
        "application/vnd.x+json": draw(st.lists(lines, max_size=3)),
        "image/svg+xml": draw(split_or_not(sources)),
    }
    wanted = draw(st.sets(st.sampled_from(sorted(whole))))
    return {key: whole[key] for key in whole if key in wanted}


def split_or_not(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """A text as one string or as lines: cut at line feeds or wherever Python cuts."""
    return st.one_of(
        texts,
        texts.map(lambda text: text.splitlines(keepends=True)),
        texts.map(lambda text: [line + "\n" for line in text.split("\n")]),
    )


@st.composite
def outputs(draw: st.DrawFn) -> dict[str, Any]:
    """One output of a code cell, as in a file."""
    kind = draw(st.sampled_from(["stream", "display_data", "execute_result", "error"]))
    if kind == "stream":
        return {"name": "stdout", "output_type": kind, "text": draw(split_or_not(sources))}
    if kind == "error":
        trace = draw(st.lists(lines, max_size=3))
        return {"ename": "E", "evalue": "v", "output_type": kind, "traceback": trace}
    output = {"data": draw(bundles()), "metadata": draw(objects), "output_type": kind}
    if kind == "execute_result":
        output["execution_count"] = draw(st.none() | st.integers(0, 99))
    return output


@st.composite
def raw_cells(draw: st.DrawFn) -> dict[str, Any]:
    """One cell, as in a file, ids and all; perhaps with a key nobody knows."""
    kind = draw(st.sampled_from(["code", "markdown", "raw"]))
    cell: dict[str, Any] = {"cell_type": kind}
    if kind == "code":
        cell["execution_count"] = draw(st.none() | st.integers(0, 99))
    if draw(st.integers(0, 4)):
        cell["id"] = draw(st.text("abcdef0123456789", min_size=8, max_size=8))
    cell["metadata"] = draw(objects)
    if kind == "code":
        cell["outputs"] = draw(st.lists(outputs(), max_size=2))
    cell["source"] = draw(split_or_not(sources))
    if kind != "code" and draw(st.booleans()):
        files = st.dictionaries(st.sampled_from(["a.png", "b.png"]), bundles(), max_size=2)
        cell["attachments"] = draw(files)
    if draw(st.integers(0, 5)) == 0:
        cell["unknown"] = draw(values)
    return cell


@st.composite
def raw_notebooks(draw: st.DrawFn) -> dict[str, Any]:
    """A whole notebook, as in a file."""
    notebook: dict[str, Any] = {
        "cells": draw(st.lists(raw_cells(), max_size=5)),
        "metadata": draw(objects),
        "nbformat": 4,
        "nbformat_minor": draw(st.sampled_from([0, 2, 4, 5, 5, 9])),
    }
    if draw(st.integers(0, 3)) == 0:
        notebook["unknown"] = draw(values)
    return notebook


@st.composite
def notebook_files(draw: st.DrawFn) -> bytes:
    """The bytes of a notebook in one of the styles."""
    return STYLES[draw(st.sampled_from(sorted(STYLES)))](draw(raw_notebooks()))


@st.composite
def edits(draw: st.DrawFn, content: NotebookContent) -> NotebookContent:
    """The notebook after a few edits, as a document would give it."""
    for _ in range(draw(st.integers(1, 4))):
        content = draw(_edit(content))
    return content


@st.composite
def _edit(draw: st.DrawFn, content: NotebookContent) -> NotebookContent:
    cells = list(content.cells)
    kind = draw(st.sampled_from(["insert", "delete", "move", "edit", "edit", "type", "metadata"]))
    if kind == "metadata":
        return replace(content, metadata=draw(objects))
    if kind == "insert" or not cells:
        cells.insert(draw(st.integers(0, len(cells))), draw(new_cells()))
        return replace(content, cells=tuple(cells))
    at = draw(st.integers(0, len(cells) - 1))
    if kind == "delete":
        del cells[at]
    elif kind == "move":
        cell = cells.pop(at)
        cells.insert(draw(st.integers(0, len(cells))), cell)
    elif kind == "type":
        cells[at] = _of_type(cells[at], draw(st.sampled_from(["code", "markdown", "raw"])))
    else:
        cells[at] = draw(_edited(cells[at]))
    return replace(content, cells=tuple(cells))


def _of_type(cell: Cell, cell_type: str) -> Cell:
    if cell_type == "code":
        return replace(cell, cell_type=cell_type, attachments={})
    return replace(cell, cell_type=cell_type, outputs=(), execution_count=None)


@st.composite
def _edited(draw: st.DrawFn, cell: Cell) -> Cell:
    what = draw(st.sampled_from(["source", "line", "metadata", "outputs", "count"]))
    if what == "source":
        return replace(cell, source=draw(sources))
    if what == "line":
        pieces = cell.source.split("\n")
        pieces[draw(st.integers(0, len(pieces) - 1))] += draw(lines)
        return replace(cell, source="\n".join(pieces))
    if what == "metadata":
        return replace(cell, metadata=draw(objects))
    if cell.cell_type != "code":
        return replace(cell, attachments={"c.png": {"image/png": "AAAA"}})
    if what == "count":
        return replace(cell, execution_count=draw(st.none() | st.integers(0, 99)))
    return replace(cell, outputs=tuple(draw(st.lists(outputs().map(_joined_output), max_size=2))))


def _joined_output(output: dict[str, Any]) -> dict[str, Any]:
    if isinstance(output.get("text"), list):
        return {**output, "text": "".join(output["text"])}
    if "data" not in output:
        return output
    data = {
        key: "".join(value) if isinstance(value, list) and "json" not in key else value
        for key, value in output["data"].items()
    }
    return {**output, "data": data}


@st.composite
def new_cells(draw: st.DrawFn) -> Cell:
    """A cell that is new in a document: it has an id."""
    cell = Cell(
        draw(st.uuids().map(str)),
        draw(st.sampled_from(["code", "markdown", "raw"])),
        draw(sources),
        draw(objects),
    )
    return draw(_edited(cell))
