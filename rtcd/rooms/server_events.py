"""The server's event stream: who joined or left a room, which files changed through the server.

There is no replay and no filter (server reference 7): compare everything after subscribing, and
again after the stream was lost. Changes that did not go through the server are not in it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from websockets.exceptions import ConnectionClosed

from rtcd.errors import ServerUnreachableError
from rtcd.rooms.liveness import Liveness, Verdict
from rtcd.rooms.timing import RoomTiming
from rtcd.rooms.websocket import Link, open_link
from rtcd.server.address import ServerAddress

Clock = Callable[[], float]

ContentsAction = Literal["save", "rename", "delete", "copy"]

CONTENTS_ACTIONS: dict[str, ContentsAction] = {
    "save": "save",
    "rename": "rename",
    "delete": "delete",
    "copy": "copy",
}

CONTENTS = "/contents_service/"
AWARENESS = "/jupyter_collaboration/awareness/"
SESSION = "/jupyter_collaboration/session/"


@dataclass(frozen=True, slots=True)
class PersonJoined:
    """Somebody entered a document's room; two tabs of one person are two events."""

    file_id: str
    room_id: str
    username: str


@dataclass(frozen=True, slots=True)
class PersonLeft:
    """Somebody left a document's room."""

    file_id: str
    room_id: str
    username: str


@dataclass(frozen=True, slots=True)
class ContentsChanged:
    """A file changed through the server; ``source_path`` is the old name of a rename or copy."""

    action: ContentsAction
    path: str
    source_path: str | None = None


@dataclass(frozen=True, slots=True)
class RoomOverwritten:
    """The server put a file that changed on its disk in the place of a room's text."""

    room_id: str
    path: str


ServerEvent = PersonJoined | PersonLeft | ContentsChanged | RoomOverwritten


def parse_event(message: str) -> ServerEvent | None:
    """One message of the stream; None for what does not concern us, or cannot be read."""
    # Every live file is looked at once a second, and every look is an event: drop these early.
    if '"action": "get"' in message or len(message) > 1_000_000:
        return None
    try:
        event = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, Mapping):
        return None
    schema, action = event.get("schema_id"), event.get("action")
    if not isinstance(schema, str):
        return None
    if CONTENTS in schema:
        known = CONTENTS_ACTIONS.get(str(action))
        return None if known is None else _contents_event(known, event)
    if AWARENESS in schema and action in ("join", "leave"):
        return _person_event(str(action), event)
    if SESSION in schema and action == "overwrite":
        return RoomOverwritten(str(event.get("room")), str(event.get("path")).strip("/"))
    return None


def _contents_event(action: ContentsAction, event: Mapping[str, Any]) -> ServerEvent | None:
    path, source = event.get("path"), event.get("source_path")
    if not isinstance(path, str):
        return None
    # A copy is told with a slash in front, everything else without.
    return ContentsChanged(
        action, path.strip("/"), source.strip("/") if isinstance(source, str) and source else None
    )


def _person_event(action: str, event: Mapping[str, Any]) -> ServerEvent | None:
    room_id = str(event.get("roomid"))
    if room_id.count(":") < 2:
        return None
    file_id = room_id.split(":", 2)[2]
    kind = PersonJoined if action == "join" else PersonLeft
    return kind(file_id, room_id, str(event.get("username", "")))


class EventSubscription:
    """A running subscription; everything since ``open`` returned is in ``events``."""

    def __init__(self, link: Link, timing: RoomTiming, clock: Clock) -> None:
        self._link = link
        self._timing = timing
        self._clock = clock

    @classmethod
    async def open(
        cls,
        address: ServerAddress,
        *,
        timing: RoomTiming | None = None,
        clock: Clock = time.monotonic,
    ) -> EventSubscription:
        """Subscribe; ``clock`` gives steady seconds.

        Raises:
            ServerUnreachableError: nobody answers.
            ServerRefusedError: the token is not good.
        """
        timing = timing or RoomTiming()
        return cls(await open_link(address, "api/events/subscribe", timing), timing, clock)

    async def events(self) -> AsyncIterator[ServerEvent]:
        """What happens, for one reader that keeps up: the server's buffer is the queue.

        Raises:
            ServerUnreachableError: the stream was lost; compare everything and subscribe again.
        """
        liveness = Liveness(self._timing.ping_after, self._timing.dead_after, self._clock())
        while True:
            message = await self._next_message(liveness)
            event = parse_event(message) if isinstance(message, str) else None
            if event is not None:
                yield event

    async def _next_message(self, liveness: Liveness) -> str | bytes:
        while True:
            now = self._clock()
            link = self._link
            verdict = liveness.look(now, received=link.received, unsent=link.unsent())
            try:
                if verdict is Verdict.DEAD:
                    link.cut()
                elif verdict is Verdict.PING:
                    await link.ping()
                return await self._receive_until(liveness.next_look() - now)
            except TimeoutError:
                continue
            except ConnectionClosed as error:
                raise ServerUnreachableError(
                    "the connection to the server was lost",
                    hint="rtcd connects again by itself; what you save waits here.",
                ) from error

    async def _receive_until(self, seconds: float) -> str | bytes:
        async with asyncio.timeout(max(0.01, seconds)):
            return await self._link.recv()

    async def close(self) -> None:
        """End the subscription."""
        await self._link.close()
