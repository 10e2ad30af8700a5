"""Work beside everything else: what fails in one task is a problem of its file, and of no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath
from rtcd.sync.bulletin import Bulletin

log = logging.getLogger("rtcd.sync")


class Tasks:
    """The running tasks of one project, and the files that they are about."""

    def __init__(self, bulletin: Bulletin, owe: Callable[[ProjectPath, RtcdError], None]) -> None:
        """``owe`` hears of the files whose work could not be done."""
        self._bulletin = bulletin
        self._owe = owe
        self._running: set[asyncio.Task[None]] = set()
        self._busy: dict[ProjectPath, int] = {}

    def spawn(
        self,
        work: Coroutine[Any, Any, None],
        *,
        path: ProjectPath | None = None,
        problem_path: ProjectPath | None = None,
        faces: Iterable[ProjectPath] = (),
    ) -> None:
        """Do something beside everything else; its trouble stays its own.

        ``path`` counts as busy meanwhile, and is compared with the server again when the work could
        not be done; ``problem_path`` is only named in a problem. ``faces`` count as busy, too.
        """
        busy = [*faces] if path is None else [path, *faces]
        for one in busy:
            self._busy[one] = self._busy.get(one, 0) + 1
        guarded = self._guard(work, path, path or problem_path)
        task = asyncio.get_running_loop().create_task(guarded)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: self._not_busy(busy))

    def _not_busy(self, paths: Iterable[ProjectPath]) -> None:
        for path in paths:
            self._busy[path] -= 1
            if not self._busy[path]:
                del self._busy[path]
        self._bulletin.note_change()

    async def _guard(
        self,
        work: Coroutine[Any, Any, None],
        path: ProjectPath | None,
        problem_path: ProjectPath | None,
    ) -> None:
        try:
            await work
        except RtcdError as error:
            self._bulletin.report(error.code, error, problem_path)
            log.warning("work not done path=%s reason=%s", problem_path, error)
            if path is not None:
                self._owe(path, error)
        except Exception:  # the edge of a task: one file's bug must not stop the others
            log.exception("bug path=%s", problem_path)
            bug = RtcdError(
                "rtcd ran into a bug of its own; the file was left as it is",
                hint="The traceback is in the daemon's log; `rtcd doctor` names it.",
            )
            self._bulletin.report("bug", bug, problem_path)

    def is_busy(self, path: ProjectPath) -> bool:
        """True while work for a file without a binding is under way."""
        return path in self._busy

    def busy_paths(self) -> list[ProjectPath]:
        """The files that are being worked on without a binding."""
        return list(self._busy)

    async def finish(self, timeout: float) -> None:
        """Let all end by themselves; what takes longer than ``timeout`` seconds is cancelled."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=timeout)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=2)
