"""Notebooks for tests: the fixture files read with plain json, and short ways to write cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rtcd.content import Cell, NotebookContent

NOTEBOOKS = Path(__file__).parent / "data" / "notebooks"
READABLE = sorted(
    path.name for path in NOTEBOOKS.glob("*.ipynb") if path.name != "old-format-3.ipynb"
)


def fixture(name: str) -> NotebookContent:
    """A fixture file as content."""
    return as_content(json.loads((NOTEBOOKS / name).read_text(encoding="utf-8")))


def as_content(raw: dict[str, Any]) -> NotebookContent:
    """A notebook in JSON as content: lists of lines joined, nothing else changed."""
    return NotebookContent(
        tuple(map(_cell, raw["cells"])), raw["metadata"], raw["nbformat"], raw["nbformat_minor"]
    )


def _cell(raw: dict[str, Any]) -> Cell:
    metadata = {key: value for key, value in raw["metadata"].items() if key != "trusted"}
    return Cell(
        raw.get("id"),
        raw["cell_type"],
        _joined(raw["source"]),
        metadata,
        tuple(map(_output, raw.get("outputs", []))),
        raw.get("execution_count"),
        raw.get("attachments", {}),
    )


def _output(raw: dict[str, Any]) -> dict[str, Any]:
    output = dict(raw)
    if "text" in output:
        output["text"] = _joined(output["text"])
    if "data" in output:
        output["data"] = {
            kind: value if "json" in kind else _joined(value)
            for kind, value in output["data"].items()
        }
    return output


def _joined(value: Any) -> Any:
    return "".join(value) if isinstance(value, list) else value


def as_json(content: NotebookContent) -> dict[str, Any]:
    """Content as ``YNotebook`` would give it, without cell ids."""
    cells = []
    for cell in content.cells:
        raw: dict[str, Any] = {
            "cell_type": cell.cell_type,
            "source": cell.source,
            "metadata": cell.metadata,
        }
        if cell.cell_type == "code":
            raw["outputs"] = list(cell.outputs)
            raw["execution_count"] = cell.execution_count
        if cell.attachments:
            raw["attachments"] = cell.attachments
        cells.append(raw)
    return {
        "cells": cells,
        "metadata": content.metadata,
        "nbformat": content.nbformat,
        "nbformat_minor": content.nbformat_minor,
    }


def code(source: str, cell_id: str | None = None, **rest: Any) -> Cell:
    """A code cell."""
    return Cell(cell_id, "code", source, **rest)


def text(source: str, cell_id: str | None = None, **rest: Any) -> Cell:
    """A markdown cell."""
    return Cell(cell_id, "markdown", source, **rest)


def stream(said: str, name: str = "stdout") -> dict[str, Any]:
    """A stream output."""
    return {"output_type": "stream", "name": name, "text": said}


def image(data: str) -> dict[str, Any]:
    """An output with a picture."""
    return {"output_type": "display_data", "data": {"image/png": data}, "metadata": {}}


def notebook(*cells: Cell, minor: int = 5, **metadata: Any) -> NotebookContent:
    """A notebook of nbformat 4."""
    return NotebookContent(cells, metadata, 4, minor)
