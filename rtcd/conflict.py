"""A recorded choice between two people's work, as a value, for review."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Status = Literal["open", "resolved"]
Keep = Literal["disk", "shared", "merged"]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a conflict: who wrote it and the whole text (file text, or cell source)."""

    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both people's whole texts, what they started from, and what stands now.

    ``disk_blob`` and ``shared_blob`` are digests of the whole files in the history (hex sha256),
    so that either side can be brought back byte for byte; ``created`` in seconds since the epoch.
    ``why`` is one sentence about the decision, empty where ``reason`` says it all.
    """

    id: str
    path: str
    cell: str | None
    reason: str
    created: float
    disk: Side
    shared: Side
    base: str
    merged: str
    disk_blob: str | None = None
    shared_blob: str | None = None
    merged_blob: str | None = None
    status: Status = "open"
    resolution: str | None = None
    why: str = ""


def conflict_id(path: str, cell: str | None, reason: str, disk: str, shared: str, base: str) -> str:
    """A short id made from the content, so that the same conflict is the same record."""
    whole = "\0".join((path, cell or "", reason, disk, shared, base))
    number = int.from_bytes(hashlib.sha256(whole.encode()).digest()[:5], "big")
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    text = ""
    for _ in range(6):
        number, rest = divmod(number, len(letters))
        text += letters[rest]
    return text
