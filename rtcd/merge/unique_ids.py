"""Cells of a merged notebook get ids of their own, the same wherever it is merged. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from rtcd.content import Cell


def with_unique_ids(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Later cells of an id that is taken get a new one, the same wherever this is computed."""
    seen: set[str] = set()
    unique = []
    for cell in cells:
        made = cell
        if cell.id is not None and cell.id in seen:
            made = replace(cell, id=_fresh_id(cell, seen))
        if made.id is not None:
            seen.add(made.id)
        unique.append(made)
    return tuple(unique)


def _fresh_id(cell: Cell, seen: set[str]) -> str:
    count = 0
    while True:
        whole = f"{cell.id}\0{cell.source}\0{count}".encode()
        identity = hashlib.sha256(whole).hexdigest()[:12]
        if identity not in seen:
            return identity
        count += 1
