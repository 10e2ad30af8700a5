"""Whether two contents, as the contents manager gives them, would make the same file."""

from __future__ import annotations

# Neither of them is ever written to disk.
ROOM_ONLY_CELL_KEYS = frozenset({"execution_state"})
ROOM_ONLY_METADATA = frozenset({"trusted"})


def same_meaning(one: object, other: object) -> bool:
    """True when nothing that a file holds differs; line ends and trust do not count."""
    return bool(_essence(one) == _essence(other))


def _essence(content: object) -> object:
    if isinstance(content, str):
        return content.replace("\r\n", "\n")
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        return content
    return {**content, "cells": [_cell_essence(cell) for cell in content["cells"]]}


def _cell_essence(cell: object) -> object:
    if not isinstance(cell, dict):
        return cell
    kept = {key: value for key, value in cell.items() if key not in ROOM_ONLY_CELL_KEYS}
    metadata = kept.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = {k: v for k, v in metadata.items() if k not in ROOM_ONLY_METADATA}
    return kept
