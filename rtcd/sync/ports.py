"""What a binding needs from the outside world: a disk, a server's rooms, a clock.

The daemon hands in the real ones; a simulator hands in models. Times are seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from rtcd.content import Kind
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.writer import Written
from rtcd.project_path import ProjectPath
from rtcd.rooms.events import RoomEvent
from rtcd.rooms.person import Person


class Disk(Protocol):
    """The project folder."""

    async def read(self, path: ProjectPath) -> Snapshot | None:
        """The file now, or None; HeldError when it cannot be shared as it is."""

    async def read_finished(self, path: ProjectPath, *, known_size: int) -> Snapshot | None:
        """As ``read``, when nobody seems to be in the middle of a save any more."""

    async def write(self, path: ProjectPath, data: bytes, *, expected: Snapshot | None) -> Written:
        """Put ``data`` there in one step; says what came out if it was not ``expected``."""

    def is_checkout(self, snapshot: Snapshot) -> bool:
        """True when git put these bytes there."""

    async def remove(self, path: ProjectPath, *, expected: Snapshot) -> Snapshot | None:
        """Remove the file if it still is ``expected``; else put it back and return it."""


class Room(Protocol):
    """One open connection to a room (see ``rooms/connection.py``)."""

    pulled: bytes
    session_id: str
    room_id: str

    @property
    def unacknowledged(self) -> int:
        """Updates sent and not yet echoed."""

    async def send_update(self, update: bytes) -> None:
        """Hand an update to the server."""

    def events(self) -> AsyncIterator[RoomEvent]:
        """What happens in the room, until it closes."""

    def people(self) -> list[Person]:
        """Who else is in the room."""

    async def set_awareness(self, state: dict[str, Any] | None) -> None:
        """Publish our presence."""

    async def request_save(self) -> bool:
        """Ask the server to save now."""

    async def catch_up(self) -> None:
        """Returns when whatever was said before now has been taken from ``events``."""

    async def close(self) -> None:
        """Leave."""


class Rooms(Protocol):
    """The server, as far as one file needs it."""

    is_host: bool

    async def join(self, path: ProjectPath, kind: Kind) -> Room:
        """Open and pull the room of a file; NotFoundOnServerError when there is no such file."""

    async def create(self, path: ProjectPath, data: bytes) -> None:
        """Create the file on the server, never over one that is there."""

    async def delete(self, path: ProjectPath) -> None:
        """Remove the file on the server and tell the other daemons."""

    def exclusive(self, file_id: str) -> AbstractAsyncContextManager[None]:
        """Only one daemon at a time is inside for one file."""

    def awareness(self, *, autosave: bool) -> dict[str, Any]:
        """What we publish about ourselves in a room."""


Clock = Callable[[], float]
"""Seconds since the epoch; where it is called ``steady``, seconds that never jump."""
