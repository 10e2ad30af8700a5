"""Garbage is collected in pauses, and not while somebody waits for a save.

A whole collection looks at every object there is: 120 ms with one notebook of 1,000 cells open. Python
begins one whenever enough was made, which is most often in the middle of a save. Nearly all memory is
freed without it; what it finds (rings of objects) can wait for a pause.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Protocol

PAUSE_SECONDS = 2.0
WORTH_IT = 3
"""So many collections of younger objects since the last whole one."""

AT_LAST = 60
"""So many, and there is no waiting for a pause any more."""

NEVER = 1_000_000
LONG_SECONDS = 3600.0


class Watched(Protocol):
    """Whatever tells that something is going on."""

    @property
    def seq(self) -> int:
        """Grows with everything that happens."""

    async def changed(self, seen: int, timeout: float) -> None:
        """Returns when ``seq`` is above ``seen``, or after ``timeout`` seconds."""


class Tidying:
    """Collects when nothing has happened for a moment."""

    def __init__(
        self,
        project: Watched,
        *,
        count: Callable[[], int] = lambda: gc.get_count()[2],
        collect: Callable[[], object] = gc.collect,
    ) -> None:
        self._project = project
        self._count = count
        self._collect = collect

    async def run(self) -> None:
        """Tidy up until cancelled."""
        youngest, middle, _ = gc.get_threshold()
        gc.set_threshold(youngest, middle, NEVER)
        while True:
            await self._project.changed(self._project.seq, LONG_SECONDS)
            await self.until_tidy()

    async def until_tidy(self) -> None:
        """Wait for a pause, and collect if it is worth it; without a pause when it is high time."""
        while self._count() < AT_LAST:
            seq = self._project.seq
            await self._project.changed(seq, PAUSE_SECONDS)
            if self._project.seq == seq:
                break
        if self._count() >= WORTH_IT:
            self._collect()
