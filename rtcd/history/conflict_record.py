"""A ``Conflict`` as bytes for the database: its texts may be large, and may hold any character."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, replace

from rtcd.conflict import Conflict, Side, Status


def pack_conflict(conflict: Conflict) -> bytes:
    """Compressed JSON in ASCII, so that even lone surrogates of a notebook survive."""
    return zlib.compress(json.dumps(asdict(conflict)).encode("ascii"))


def unpack_conflict(body: bytes, *, path: str, status: Status, resolution: str | None) -> Conflict:
    """The reverse; path and status are those of the row, which may have changed since."""
    value = json.loads(zlib.decompress(body))
    value["disk"], value["shared"] = Side(**value["disk"]), Side(**value["shared"])
    return replace(Conflict(**value), path=path, status=status, resolution=resolution)
