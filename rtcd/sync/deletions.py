"""Vanished files wait a moment before their deletion is carried on; too many at once are a halt."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from rtcd.errors import HaltedError
from rtcd.project_path import ProjectPath
from rtcd.sync.ports import Clock
from rtcd.sync.safety import DeletionBrake

if TYPE_CHECKING:
    from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")

GATHER_SECONDS = 0.6
HALT_KEY = "halted"


class Deletions:
    """Gathers what vanished; believes it when nothing more vanishes, or halts and asks.

    While halted nothing is deleted anywhere, and edits go on.
    """

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project = project
        self._clock = clock
        self._brake = DeletionBrake()
        self._incoming = DeletionBrake()
        self._waiting: dict[ProjectPath, float] = {}
        self._task: asyncio.Task[None] | None = None
        self.halted = False

    @property
    def waiting(self) -> list[ProjectPath]:
        """Files that vanished and whose deletion was not carried on."""
        return sorted(self._waiting)

    def vanished(self, path: ProjectPath) -> None:
        """A shared file is gone from disk."""
        now = self._clock()
        self._brake.note(str(path), now)
        self._waiting[path] = now
        if self._brake.must_halt(len(self._project.files), now):
            self.halt()
        elif self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._believe())

    def returned(self, path: ProjectPath) -> None:
        """The file is there again."""
        was_away = self._waiting.pop(path, None) is not None
        if was_away and self._project.link.is_host:
            # Who deleted it through the server has no file, and would not hear of this one.
            self._project.spawn(self._project.link.created(path))
        self._brake.returned(str(path))

    def may_remove_local(self, path: ProjectPath) -> bool:
        """Ask before a deletion by others is done here; False, and a halt, when it is too many."""
        now = self._clock()
        self._incoming.note(str(path), now)
        if self._incoming.must_halt(len(self._project.files), now):
            self.halt()
        return not self.halted

    def halt(self) -> None:
        """Stop all deletions until a person decides."""
        if self.halted:
            return
        self.halted = True
        log.warning("halted vanished=%d", len(self._waiting))
        error = HaltedError(
            f"{len(self._waiting) or 'many'} files vanished at once; no deletion is carried on",
            hint="Run `rtcd resume --restore` to put them back, or `rtcd resume --apply` if it is meant.",
        )
        self._project.report("mass-deletion", error)

    def resume(self) -> list[ProjectPath]:
        """End the halt; returns what is waiting, for the caller to carry on or to restore."""
        waiting = self.waiting
        self._waiting.clear()
        self._brake = DeletionBrake()
        self._incoming = DeletionBrake()
        self.halted = False
        self._project.clear("mass-deletion")
        return waiting

    async def settled(self, path: ProjectPath) -> None:
        """Returns when nothing below ``path`` waits any more, or everything is halted."""
        while not self.halted and any(waiting.is_below(path) for waiting in self._waiting):
            await self._project.changed(self._project.seq, GATHER_SECONDS)

    async def _believe(self) -> None:
        while self._waiting and not self.halted:
            latest = max(self._waiting.values())
            wait = latest + GATHER_SECONDS - self._clock()
            if wait > 0:
                await asyncio.sleep(wait)
                continue
            believed, self._waiting = self._waiting, {}
            for path in sorted(believed):
                self._project.local.deletion_believed(path)
