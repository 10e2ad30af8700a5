"""``rtcd.server.offered_changes.OfferedChanges`` and the extension behind it, in the simulated world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rtcd.project_path import ProjectPath
from rtcd.server.offered_changes import Answer, Change

if TYPE_CHECKING:
    from simulation.machine import Machine
    from simulation.server import Server

DAEMON_SECONDS = 20.0

There = Callable[[], Awaitable["Server"]]
Back = Callable[[], Awaitable[None]]


class SimulatedChanges:
    """The requests of one daemon; each takes a moment there and a moment back."""

    def __init__(self, there: There, back: Back) -> None:
        self._there, self._back = there, back

    async def is_open(self, path: str) -> bool:
        """Whether the document has a room."""
        server = await self._there()
        found = server.room_of(path) is not None
        await self._back()
        return found

    async def replace(self, change: Change) -> Answer:
        """Let the host's daemon put a change in its place."""
        server = await self._there()
        assert server.host is not None
        answer = await self._bring(server, server.host.machine, change)
        await self._back()
        return answer

    async def _bring(self, server: Server, machine: Machine, change: Change) -> Answer:
        if server.room_of(change.path) is not None or change.path in server.unloaded:
            return Answer.OPEN
        parts, process = machine.parts, machine.process
        if parts is None or process is None or not machine.is_running or not parts.is_ready:
            return Answer.NOT_HERE
        server.unloaded.add(change.path)
        told: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        async def take() -> None:
            answer = await parts.project.without_room.take(
                ProjectPath(change.path), change.data, expected=change.expected, by=change.by
            )
            if not told.done():
                told.set_result(answer)

        process.start(take())
        try:
            async with asyncio.timeout(DAEMON_SECONDS):
                return await told
        except TimeoutError:
            return Answer.NOT_HERE
        finally:
            server.unloaded.discard(change.path)
