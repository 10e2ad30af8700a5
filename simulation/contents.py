"""Files as the server's contents manager reads and writes them, and what they mean in a room."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import pycrdt
from jupyter_ydoc import YNotebook, YUnicode


def kind_of(path: str) -> str:
    """``notebook`` or ``file``, as the server names them."""
    return "notebook" if path.endswith(".ipynb") else "file"


def parse_content(path: str, data: bytes) -> Any:  # noqa: ANN401
    """What the contents manager hands to a room; ValueError when it cannot be read."""
    if kind_of(path) == "file":
        return data.decode().replace("\r\n", "\n")
    value = json.loads(data)
    for cell in value["cells"]:
        for key in ("source",):
            if isinstance(cell.get(key), list):
                cell[key] = "".join(cell[key])
        cell["metadata"] = {**cell.get("metadata", {}), "trusted": False}
    return value


def format_content(path: str, content: Any) -> bytes:  # noqa: ANN401
    """The bytes that the contents manager writes."""
    if kind_of(path) == "file":
        return str(content).encode()
    cells = []
    for cell in content["cells"]:
        metadata = {key: value for key, value in cell["metadata"].items() if key != "trusted"}
        kept = {key: value for key, value in cell.items() if key != "execution_state"}
        source = cell["source"].splitlines(keepends=True)
        cells.append({**kept, "metadata": metadata, "source": source})
    whole = {**content, "cells": cells}
    return (json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@lru_cache(maxsize=256)
def meaning_of_bytes(path: str, data: bytes) -> Any:  # noqa: ANN401
    """The same for a file's bytes; ValueError or KeyError when they cannot be read."""
    return meaning(path, parse_content(path, data))


def meaning(path: str, content: Any) -> Any:  # noqa: ANN401
    """A content for comparisons: without what exists in rooms only."""
    return json.loads(format_content(path, content)) if kind_of(path) == "notebook" else content


def new_document(path: str, doc: pycrdt.Doc[Any]) -> YUnicode | YNotebook:
    """The document model of a file."""
    return YNotebook(doc) if kind_of(path) == "notebook" else YUnicode(doc)
