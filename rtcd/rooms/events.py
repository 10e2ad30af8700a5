"""What happens in a room, as values."""

from __future__ import annotations

from dataclasses import dataclass

from rtcd.rooms.person import Person


@dataclass(frozen=True, slots=True)
class RoomPulled:
    """The server's whole document, before anything else."""

    update: bytes


@dataclass(frozen=True, slots=True)
class RoomUpdated:
    """A change on the server. ``own``: one of our updates, which the server has now applied.

    Own ones come in the order they were sent, each exactly once, as they were sent.
    """

    update: bytes
    own: bool


@dataclass(frozen=True, slots=True)
class AwarenessChanged:
    """Who is in the room now, ourselves left out."""

    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class SaveReplied:
    """The server's answer to a save request. ``ok`` does not prove that bytes are on disk."""

    request: int
    ok: bool


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """The end; nothing comes after it. ``code`` is the WebSocket's (1006: cut without a word).

    ``retry``: a new connection (with a new session and a fresh document) may succeed.
    """

    code: int
    reason: str
    retry: bool


RoomEvent = RoomPulled | RoomUpdated | AwarenessChanged | SaveReplied | RoomClosed
