"""The room ``JupyterLab:globalAwareness``: how JupyterLab's collaborators panel lists a person."""

from __future__ import annotations

from collections.abc import Sequence

from rtcd.content import JsonObject, Kind
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.events import RoomClosed
from rtcd.rooms.person import RTCD, Person
from rtcd.rooms.timing import RoomTiming
from rtcd.server.address import ServerAddress

ROOM = "JupyterLab:globalAwareness"

# JupyterLab writes WIDGET:PATH, and opens what stands behind the colon on a click.
WIDGETS: dict[Kind, str] = {"notebook": "notebook", "text": "editor"}


def current_of(kind: Kind, path: str) -> str:
    """The ``current`` of an awareness state: what somebody looks at (a server path)."""
    return f"{WIDGETS[kind]}:{path}"


class Presence:
    """One person, shown in JupyterLab while this is open. Make it with ``open``."""

    def __init__(self, room: RoomConnection, user: JsonObject) -> None:
        self._room = room
        self._user = user

    @classmethod
    async def open(
        cls, address: ServerAddress, *, user: JsonObject, timing: RoomTiming | None = None
    ) -> Presence:
        """Join, and show the person without a document.

        Raises:
            ServerUnreachableError: nobody answers.
            ServerRefusedError: the token is not good.
        """
        room = await RoomConnection.open(
            address, None, ROOM, user=user, autosave=False, timing=timing
        )
        self = cls(room, user)
        await self.show(None, ())
        return self

    async def show(self, current: str | None, documents: Sequence[str]) -> None:
        """Say what they look at (``current_of``) and which documents are open (server paths).

        Raises:
            ServerUnreachableError: the connection is over.
        """
        await self._room.set_awareness(
            {
                "user": self._user,
                "current": current,
                "documents": list(documents),
                "autosave": False,
                "client": RTCD,
            }
        )

    def people(self) -> list[Person]:
        """Everybody else who is at this server."""
        return self._room.people()

    async def wait_closed(self) -> RoomClosed:
        """How it ended, when it has."""
        return await self._room.wait_closed()

    async def close(self) -> None:
        """Take the person off the list."""
        await self._room.close()
