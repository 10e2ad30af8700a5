"""What the server tells of itself and of its files, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rtcd.content import JsonObject

EntryType = Literal["file", "notebook", "directory"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder on the server.

    ``size`` in bytes, None for folders; ``last_modified`` in seconds since the epoch; ``hash`` is
    the sha256 (hex) of the file's bytes, None where it was not asked for.
    """

    path: str
    type: EntryType
    size: int | None
    last_modified: float
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentSession:
    """The way into one file's room. ``session_id`` is the server process, not the file."""

    file_id: str
    session_id: str
    room_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAbout:
    """What a server is: ``version`` of jupyter_server, and what is installed in it.

    ``extension`` tells whether rtcd's own extension answers; what follows comes from there, ``offers``
    being the names of what else may be asked.
    """

    version: str
    collaboration: bool
    user: JsonObject
    extension: bool = False
    ydoc_version: str | None = None
    root_id: str | None = None
    rtcd_version: str | None = None
    daemon_alive: bool | None = None
    offers: frozenset[str] = frozenset()
