r"""What a file holds, as frozen values: text or a notebook, without the file's own style.

Line ends are ``\n`` only; encoding, newline style, JSON indent and key order belong to the file
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


def is_same(one: Content, other: Content) -> bool:
    """True when two contents mean the same, whatever the cell ids and invented defaults are.

    Ids are left out because editors drop and regenerate them; a notebook without ``kernelspec``
    equals one with the empty ones that jupyter_ydoc fills in.
    """
    if isinstance(one, TextContent) or isinstance(other, TextContent):
        return one == other
    return (
        len(one.cells) == len(other.cells)
        and one.nbformat == other.nbformat
        and _is_same_json(stated_metadata(one.metadata), stated_metadata(other.metadata))
        and all(map(is_same_cell, one.cells, other.cells))
    )


def is_same_cell(one: Cell, other: Cell) -> bool:
    """True when two cells mean the same, whatever their ids are."""
    return (
        one.source == other.source
        and one.cell_type == other.cell_type
        and one.execution_count == other.execution_count
        and len(one.outputs) == len(other.outputs)
        and _is_same_json(one.metadata, other.metadata)
        and _is_same_json(one.attachments, other.attachments)
        and all(map(_is_same_json, one.outputs, other.outputs))
    )


def stated_metadata(metadata: JsonObject) -> JsonObject:
    """Notebook metadata without the empty ``kernelspec`` and ``language_info`` jupyter_ydoc invents."""
    return {
        key: value
        for key, value in metadata.items()
        if key not in ("kernelspec", "language_info") or not _is_blank(value)
    }


def _is_blank(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, Mapping) and not any(value.values())


def _is_same_json(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    return (
        one is other
        or (one == other and _same_types(one, other))
        or canonical_json(one) == canonical_json(other)
    )


def _same_types(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Equal in Python and free of the one trap that matters: True equals 1 there, not in JSON."""
    if isinstance(one, Mapping):
        return all(_same_types(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return all(map(_same_types, one, other))
    return isinstance(one, bool) == isinstance(other, bool)
