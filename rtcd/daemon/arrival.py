"""What ``rtcd wait`` waits for: that both sides have everything of each other, as of now.

Theory of operation. Our own saves tell by themselves where they are. That nothing of theirs is on its
way can only be known by asking: a connection that was cut may look well for a quarter of a minute.
So when nothing of ours is left, the server is looked at once: every room has to relay a word of ours
(what was said before it is here then), and the files without a room are compared anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath
from rtcd.sync.local_side import LocalSide
from rtcd.sync.pending import Pending, pending_files
from rtcd.sync.project import Project
from rtcd.sync.server_side import ServerSide

LOOK_AGAIN_SECONDS = 0.2
LOOK_SECONDS = 10.0
SHORTEST_LOOK_SECONDS = 5.0
AWAY = Pending(None, "the server does not answer")


class Arrival:
    """Tells when everything has arrived; changes nothing but what news make of the folder."""

    def __init__(self, project: Project, local: LocalSide, server: ServerSide) -> None:
        self._project = project
        self._local = local
        self._server = server

    async def wait(
        self, paths: Sequence[ProjectPath], seconds: float, *, theirs: bool
    ) -> list[Pending]:
        """What is pending after ``seconds``; returns at once when there is nothing (any more).

        Without ``theirs`` only our saves count. No ``paths`` means all files.
        """
        deadline = time.monotonic() + seconds
        await self._local.rescan()
        has_looked = not theirs
        while True:
            pending = self._pending(paths, theirs=theirs)
            left = deadline - time.monotonic()
            if AWAY in pending:
                has_looked = not theirs
            elif not pending:
                if has_looked:
                    return []
                has_looked = await self._look(paths, left)
                if has_looked:
                    continue
                pending = [AWAY]
            if left <= 0:
                return pending
            await self._ask_for_saves(pending)
            await self._project.changed(self._project.seq, min(left, LOOK_AGAIN_SECONDS))

    def _pending(self, paths: Sequence[ProjectPath], *, theirs: bool) -> list[Pending]:
        found = [*self._local.pending(), *pending_files(self._project, theirs=theirs)]
        if theirs and self._project.awaits_server:
            found.append(Pending(None, "the server was not reached yet"))
        elif theirs and not self._server.connected:
            found.append(AWAY)
        if not paths:
            return found
        return [item for item in found if _is_about(item.path, paths)]

    async def _look(self, paths: Sequence[ProjectPath], left: float) -> bool:
        """Take in what the server has now; False when it does not answer."""
        try:
            async with asyncio.timeout(min(max(left, SHORTEST_LOOK_SECONDS), LOOK_SECONDS)):
                rooms = [binding.room for binding in self._project.bindings.values()]
                await asyncio.gather(*(room.catch_up() for room in rooms if room is not None))
                await self._server.look(paths)
        except (RtcdError, TimeoutError):
            return False
        return True

    async def _ask_for_saves(self, pending: list[Pending]) -> None:
        for item in pending:
            binding = self._project.bindings.get(item.path) if item.path is not None else None
            if binding is not None:
                await binding.ask_for_save()


def _is_about(path: ProjectPath | None, wanted: Sequence[ProjectPath]) -> bool:
    return path is None or any(path == one or path.is_below(one) for one in wanted)
