"""Inotify on a simulated disk: events that come late, get lost, or overflow."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import errno
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from rtcd.disk.notice import Notice, NoticeKind
from simulation.file_system import Inode
from simulation.loop import CURRENT
from simulation.system_calls import PROC, calls, machine


@dataclass(eq=False)
class Watch:
    """One watched folder."""

    wd: int
    inode: Inode
    mask: int


@dataclass(frozen=True)
class Event:
    """One event, as asyncinotify gives it."""

    mask: int
    name: str | None
    cookie: int
    watch: Watch | None


class SimulatedInotify:
    """``asyncinotify.Inotify``: events after a moment, in order; sometimes the queue overflows."""

    def __init__(self, **_: object) -> None:
        self.machine = machine()
        if self.machine.watcher_fails():
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        self.process = CURRENT.get()
        self._watches: dict[int, Watch] = {}
        self._by_inode: dict[int, Watch] = {}
        self._events: list[Event] = []
        self._arrived: Any = None
        self._last = 0
        self._closed = False
        self._due = 0.0
        self.machine.watchers.append(self)
        self.machine.files.told.append(self._hear)

    def add_watch(self, path: str, mask: int) -> Watch:
        assert path.startswith(PROC)
        inode = calls._file(int(path[len(PROC) :])).inode
        found = self._by_inode.get(inode.number)
        if found is not None and found.inode is inode:
            return found
        self._last += 1
        watch = Watch(self._last, inode, int(mask))
        self._watches[watch.wd] = self._by_inode[inode.number] = watch
        return watch

    def rm_watch(self, watch: Watch) -> None:
        self._watches.pop(watch.wd, None)
        if self._by_inode.get(watch.inode.number) is watch:
            del self._by_inode[watch.inode.number]

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(ValueError):
            self.machine.files.told.remove(self._hear)
        with contextlib.suppress(ValueError):
            self.machine.watchers.remove(self)

    def overflow(self) -> None:
        """The kernel's queue is full: what waits is all that will be told."""
        self._put(Event(0x4000, None, 0, None))

    def _hear(self, folder: Inode, name: str, mask: int, cookie: int) -> None:
        watch = self._by_inode.get(folder.number)
        if watch is None or watch.inode is not folder or not mask & watch.mask:
            return
        if self.machine.event_is_dropped():
            return
        event = Event(mask, name, cookie, watch)
        now = self.machine.loop.time()
        self._due = max(self._due + 1e-7, now + self.machine.event_delay())
        self.machine.loop.call_at(self._due, self._put, event, context=contextvars.Context())

    def _put(self, event: Event) -> None:
        if self._closed or self.process is None or not self.process.alive:
            return
        self._events.append(event)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    async def get(self) -> Event:
        while not self._events:
            self._arrived = self.machine.loop.create_future()
            await self._arrived
            if self.machine.watcher_fails():
                raise OSError(errno.EIO, "the watcher died")
        return self._events.pop(0)

    def sync_get(self) -> Event | None:
        return self._events.pop(0) if self._events else None


async def poll_by_rescans(*_: object, **__: object) -> AsyncGenerator[list[Notice], None]:
    """In the place of watchfiles' polling, for a system without watches."""
    while True:
        yield [Notice(None, NoticeKind.RESCAN)]
        await asyncio.sleep(1.0)


# ------------------------------------------------------------------ putting them in place
