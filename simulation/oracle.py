"""What must be true in the end, and what was found.

``lost`` is nowhere any more. ``taken_back`` are tokens that are in the history only: a save was
taken as made from a newer version than it was (``merge/base.py`` says where that cannot be known).
``forgotten`` are tokens taken back before a fault took the history with them in it.
``recorded`` are tokens that are not in the text but in a conflict for review. ``repeated`` are
tokens that are there twice because two versions without a known base were kept both, with a record
that says so (``both-created``): after the loss of the history nobody can know better.

Invariants: nothing obligated is lost (I1), all views are equal and stay so (I2), nothing is there
twice (I3), what was chosen is recorded (I9), ``synced`` is not claimed while views differ (I11),
and nobody writes a file over and over.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rtcd.history.conflict_record import unpack_conflict
from simulation.contents import parse_content
from simulation.documents import tokens

if TYPE_CHECKING:
    from simulation.machine import Machine

STORM_WRITES = 8
"""More writes than that of one file, after people stopped, are a storm."""


BREAKS = ("lost", "overruled", "doubled", "diverged", "storms", "dishonest", "bugs")
"""What must not be in a result."""


@dataclass
class Result:
    """One history.

    Attributes:
        taken_back: tokens that a save removed whose editor had never had them; in the history.
        overruled: the same, where the daemons had seen all that was read and saved.
    """

    seed: int
    steps: int = 0
    faults: list[str] = field(default_factory=list)
    tokens: int = 0
    lost: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    overruled: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    came_back: int = 0
    diverged: list[str] = field(default_factory=list)
    storms: list[str] = field(default_factory=list)
    dishonest: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    seconds: float = 0.0
    trace: str = ""

    @property
    def is_good(self) -> bool:
        """True when every invariant held."""
        return not any(getattr(self, name) for name in BREAKS)

    def to_json(self) -> dict[str, Any]:
        """For the state file."""
        return dict(vars(self))


@lru_cache(maxsize=512)
def meaning_of(name: str, data: bytes | None) -> Any:  # noqa: ANN401
    """What two views of one file must agree in."""
    if data is None:
        return None
    if not name.endswith(".ipynb"):
        return data
    try:
        return cells_of(parse_content(name, data)["cells"])
    except (ValueError, KeyError):
        return data


def cells_of(cells: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Ids, types and sources."""
    return [(cell.get("id", ""), cell["cell_type"], cell["source"]) for cell in cells]


def recorded_tokens(machine: Machine, reason: str | None = None) -> set[bytes]:
    """All tokens in the conflicts (of one reason) that ``rtcd conflicts`` would list."""
    found: set[bytes] = set()
    raw: sqlite3.Connection = machine.database.raw
    for body, path, status, resolution in raw.execute(
        "SELECT body, path, status, resolution FROM conflicts"
    ):
        conflict = unpack_conflict(body, path=path, status=status, resolution=resolution)
        if reason is not None and conflict.reason != reason:
            continue
        for text in (conflict.disk.text, conflict.shared.text, conflict.base, conflict.merged):
            found |= set(tokens(text.encode()))
    if reason is not None:
        return found
    for (data,) in raw.execute(
        "SELECT data FROM blobs WHERE digest IN (SELECT disk_blob FROM conflicts"
        " UNION SELECT shared_blob FROM conflicts UNION SELECT merged_blob FROM conflicts)"
    ):
        found |= set(tokens(zlib.decompress(data)))
    return found


def kept_tokens(machine: Machine) -> set[bytes]:
    """All tokens in any version of the history."""
    found: set[bytes] = set()
    for (data,) in machine.database.raw.execute("SELECT data FROM blobs"):
        found |= set(tokens(zlib.decompress(data)))
    return found


def short(names: set[bytes]) -> list[str]:
    """Sorted, for people."""
    return sorted(name.decode() for name in names)


__all__ = ["Result", "json", "meaning_of", "recorded_tokens"]
