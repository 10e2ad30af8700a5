"""What those who watch a project are told: that something changed, and which problems there are."""

from __future__ import annotations

import asyncio
import contextlib

from rtcd.errors import RtcdError
from rtcd.problem import Problem
from rtcd.project_path import ProjectPath
from rtcd.sync.ports import Clock


class Bulletin:
    """``seq`` grows with everything that was written, sent, received or recorded.

    ``problems`` are known by path (None: the whole project) and code until they are cleared.
    """

    def __init__(self, clock: Clock) -> None:
        self.seq = 0
        self.problems: dict[tuple[str | None, str], Problem] = {}
        self._clock = clock
        self._changed = asyncio.Event()

    def note_change(self) -> None:
        """Something was written, sent, received or recorded."""
        self.seq += 1
        self._changed.set()

    async def changed(self, seen: int, timeout: float) -> None:
        """Returns when ``seq`` is above ``seen``, or after ``timeout`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self.seq <= seen:
                    self._changed.clear()
                    await self._changed.wait()

    def report(self, code: str, error: RtcdError, path: ProjectPath | None = None) -> None:
        """Keep a problem until it is cleared."""
        where = str(path) if path else None
        self.problems[where, code] = Problem(where, code, error.message, error.hint, self._clock())
        self.note_change()

    def clear(self, code: str, path: ProjectPath | None = None) -> None:
        """The trouble is over."""
        if self.problems.pop((str(path) if path else None, code), None) is not None:
            self.note_change()
