"""``RoomPeople``: people in rooms for tests that have no event loop of their own.

A person here does what JupyterLab does: keeps the room open, and when it is lost comes back with
the document that it had (``keep_document``) or, as rtcd does, with an empty one.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from rtcd.content import Content, NotebookContent, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.document import Document
from rtcd.documents.open_document import ROOM_TYPES, open_document
from rtcd.errors import RtcdError
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.events import RoomUpdated
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient


class RoomPeople:
    """One event loop in a thread of its own, and everybody who is in a room."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._people: list[Visitor] = []

    def begin(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Start a coroutine in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[Any, Any, Any], seconds: float = 60) -> Any:
        """Run a coroutine in the loop and wait for it."""
        return self.begin(work).result(seconds)

    def visit(self, address: ServerAddress, path: str, *, name: str = "Grace Hopper") -> Visitor:
        """Somebody opens a file."""
        visitor = Visitor(self, address, path, name)
        self._people.append(visitor)
        visitor.come()
        return visitor

    def close(self) -> None:
        """Everybody leaves."""
        for visitor in self._people:
            with contextlib.suppress(Exception):
                visitor.leave()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Visitor:
    """A person with one file open; all methods may be called from the test's thread."""

    def __init__(self, people: RoomPeople, address: ServerAddress, path: str, name: str) -> None:
        self._people = people
        self.address = address
        self.path = path
        self.kind = "notebook" if path.endswith(".ipynb") else "text"
        self._user = {"username": name, "name": name, "display_name": name}
        self._room: RoomConnection | None = None
        self._document: Document | None = None
        self._task: asyncio.Task[None] | None = None
        self._sent: deque[str] = deque()
        self.echoed: set[str] = set()

    def come(self) -> None:
        """Open the room with a fresh document."""
        self._people.do(self._join())

    def leave(self) -> None:
        """Close it."""
        self._people.do(self._leave())

    @property
    def is_here(self) -> bool:
        """True while the room is open."""
        return self._room is not None and not self._room.is_closed

    @property
    def text(self) -> str:
        """What this person sees, as one text."""
        return self._people.do(self._look())

    def type(self, token: str, rng: random.Random) -> bool:
        """Insert a line somewhere; False when the room was closed before it took it.

        True does not say that the server got it: ``echoed`` has the tokens that came back.
        """
        return bool(self._people.do(self._type(token, rng)))

    async def _join(self) -> None:
        async with ServerClient(self.address) as client:
            session = await client.document_session(self.path, *ROOM_TYPES[self.kind])
        self._room = await RoomConnection.open(
            self.address, session, session.room_id, user=self._user
        )
        await self._room.set_awareness({"user": self._user, "autosave": True})
        shared = SharedDoc()
        shared.apply_update(self._room.pulled)
        self._document = open_document(self.kind, shared)
        self._sent.clear()
        self._task = asyncio.get_running_loop().create_task(self._follow(self._room, shared))

    async def _leave(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._room is not None:
            await self._room.close()
        self._room = None

    async def _follow(self, room: RoomConnection, shared: SharedDoc) -> None:
        async for event in room.events():
            if not isinstance(event, RoomUpdated):
                continue
            if not event.own:
                shared.apply_update(event.update)
            elif self._sent:
                self.echoed.add(self._sent.popleft())

    async def _look(self) -> str:
        assert self._document is not None
        return as_text(self._document.content())

    async def _type(self, token: str, rng: random.Random) -> bool:
        if self._room is None or self._document is None or self._room.is_closed:
            return False
        updates: list[bytes] = []
        forget = self._document.shared.on_update(lambda update, _origin: updates.append(update))
        content = self._document.content()
        self._document.become(with_line(content, token, rng), origin="typing")
        forget()
        try:
            for update in updates:
                self._sent.append(token)
                await self._room.send_update(update)
        except RtcdError:
            return False
        return True


def as_text(content: Content) -> str:
    """Everything that people typed, as one text."""
    if isinstance(content, TextContent):
        return content.text
    return "\n".join(cell.source for cell in content.cells)


def with_line(content: Content, token: str, rng: random.Random) -> Content:
    """The content with one line more: the token and a space."""
    if isinstance(content, TextContent):
        lines = content.text.splitlines(keepends=True)
        lines.insert(rng.randint(0, len(lines)), f"{token} \n")
        return TextContent("".join(lines))
    assert isinstance(content, NotebookContent)
    place = rng.randrange(len(content.cells))
    cell = content.cells[place]
    lines = cell.source.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    lines.insert(rng.randint(0, len(lines)), f"{token} \n")
    cells = list(content.cells)
    cells[place] = replace(cell, source="".join(lines))
    return replace(content, cells=tuple(cells))
