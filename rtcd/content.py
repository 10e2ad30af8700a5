"""What a file holds, as frozen values: text or a notebook, without the file's own style.

Line ends are ``\\n`` only; encoding, newline style, JSON indent and key order belong to the file
(see ``disk/text_format.py`` and ``disk/notebook_format.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "notebook"]
JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TextContent:
    """A text file. Lengths and offsets of ``text`` count code points."""

    text: str

    @property
    def kind(self) -> Kind:
        """Which kind of document holds it."""
        return "text"


@dataclass(frozen=True, slots=True)
class Cell:
    """One notebook cell (nbformat 4). Lists of lines are joined; JSON values are never changed."""

    id: str | None
    cell_type: str
    source: str
    metadata: JsonObject = field(default_factory=dict)
    outputs: tuple[JsonObject, ...] = ()
    execution_count: int | None = None
    attachments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotebookContent:
    """A notebook of nbformat 4: cells in order and the notebook's metadata."""

    cells: tuple[Cell, ...]
    metadata: JsonObject = field(default_factory=dict)
    nbformat: int = 4
    nbformat_minor: int = 5

    @property
    def kind(self) -> Kind:
        """Which kind of document holds it."""
        return "notebook"


Content = TextContent | NotebookContent


def canonical(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value with everything equal in meaning made equal: 1.0 is 1, key order is gone."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {key: canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return value


def canonical_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """One text for all JSON values of one meaning (NaN equals NaN)."""
    return json.dumps(canonical(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def content_digest(content: Content) -> str:
    """sha256 (hex) of what the content means; cell ids count, the file's style does not."""
    if isinstance(content, TextContent):
        return hashlib.sha256(b"text\0" + content.text.encode()).hexdigest()
    whole = {
        "cells": [cell_meaning(cell) for cell in content.cells],
        "metadata": content.metadata,
        "nbformat": content.nbformat,
    }
    return hashlib.sha256(b"notebook\0" + canonical_json(whole).encode()).hexdigest()


def cell_meaning(cell: Cell) -> dict[str, Any]:
    """A cell as one JSON object, for comparison."""
    return {
        "id": cell.id,
        "cell_type": cell.cell_type,
        "source": cell.source,
        "metadata": cell.metadata,
        "outputs": list(cell.outputs),
        "execution_count": cell.execution_count,
        "attachments": cell.attachments,
    }
