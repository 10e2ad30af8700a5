"""Files whose work has failed: they are not in sync, and are compared with the server again.

Theory of operation. A new file that the server could not take, a deletion that did not get there, a
file that could not be fetched: each is work for a file without a room, and nothing would tell of it
a second time. So the file is kept here, and counts as under way, until a comparison of both sides
has worked: with back-off, and at once when the server is back. What is to be done is decided anew by
the comparison, since both sides may have changed meanwhile. A file with a binding needs none of it.

A rename is tried again as one, so that the document goes on under its new name. Until then what both
sides had is remembered under the old name, so that whatever compares them (the next daemon, too)
takes the new name for a new file and the old one for a deleted one, and undoes nothing. A rename by
others that the disk here could not follow is tried again as one, too (``awaited_renames``).
"""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rtcd.disk.os_errors import PASSING_TROUBLE
from rtcd.errors import HeldError, RtcdError, ServerUnreachableError
from rtcd.project_path import ProjectPath
from rtcd.rooms.backoff import Backoff
from rtcd.sync.comparing import compare

if TYPE_CHECKING:
    from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")

BACKOFF = Backoff(first=0.5, longest=60.0)


class Retries:
    """The files whose work is owed, with the code of the problem that each has."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._owed: dict[ProjectPath, str] = {}
        self._renames: dict[ProjectPath, ProjectPath] = {}
        self._failures = 0
        self._now = asyncio.Event()
        self._is_running = False
        self._closing = False

    def __contains__(self, path: object) -> bool:
        return path in self._owed

    def paths(self) -> list[ProjectPath]:
        """All that is owed."""
        return sorted(self._owed)

    def add(self, path: ProjectPath, error: RtcdError) -> None:
        """Work for a file has failed; ``error`` is reported as a problem of it."""
        if _is_lasting(error) or self._closing:
            return
        self._owed[path] = error.code
        if not self._is_running:
            self._is_running = True
            self._project.spawn(self._run())

    def add_rename(self, old: ProjectPath, new: ProjectPath, error: RtcdError) -> None:
        """A rename here has not reached the server; ``new`` is reported by the caller."""
        old = self._renames.pop(old, old)
        if old != new:
            self._renames[new] = old
            self._remember_as(new, old)
            self.add(old, error)

    def now(self) -> None:
        """The server is back: do not wait."""
        self._failures = 0
        self._now.set()

    def close(self) -> None:
        """The daemon ends; the next one compares everything."""
        self._closing = True
        self._now.set()

    async def _run(self) -> None:
        try:
            while self._owed and not self._closing:
                self._failures += 1
                await self._pause(BACKOFF.delay(self._failures, random.random()))
                await self._try_all()
        finally:
            self._failures = 0
            self._is_running = False

    async def _try_all(self) -> None:
        for path in sorted(self._owed, key=lambda path: (path not in self._renames, path)):
            if self._closing:
                return
            try:
                await self._compare(path)
            except RtcdError as error:
                if isinstance(error, HeldError) and _is_lasting(error):
                    self._project.local.file_held(path, error, None)
                    self._done(path)
                    continue
                self._failed_again(path, error)
                if isinstance(error, ServerUnreachableError):
                    return
                continue
            self._done(path)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._now.wait()
        self._now.clear()

    async def _compare(self, path: ProjectPath) -> None:
        project = self._project
        is_ignored = project.disk.why_ignored(path) is not None
        if path in self._renames:
            await self._rename(self._renames[path], path)
        awaited = project.link.awaited_renames.old_name(path)
        if awaited is not None:
            await project.remote.renamed(awaited, path)
        if path in project.bindings or project.pairs.is_text(path) or is_ignored:
            return
        snapshot = await project.disk.read(path)
        if snapshot is not None and not project.local.understood(snapshot):
            return
        entry = await project.link.stat(path)
        if entry is not None and entry.type == "directory":
            await project.remote.check(path)
            return
        await compare(project, path, snapshot, entry)

    async def _rename(self, old: ProjectPath, new: ProjectPath) -> None:
        """Rename on the server too, if it still can be; both names are compared afterwards."""
        project = self._project
        is_so_here = project.disk.exists(new) and not project.disk.exists(old)
        if is_so_here and await project.link.stat(new) is None:
            try:
                await project.link.rename(old, new)
                self._remember_as(old, new)
            except ServerUnreachableError:
                raise
            except RtcdError as error:
                log.info("rename not carried on old=%s new=%s reason=%s", old, new, error)
        del self._renames[new]
        project.link.renames.end(new)

    def _remember_as(self, known: ProjectPath, name: ProjectPath) -> None:
        """What both sides had under one name is remembered under another."""
        mark = self._project.history.bookmark(str(known))
        if mark is not None:
            self._project.history.set_bookmark(replace(mark, path=str(name)))
            if known not in self._project.bindings:
                self._project.history.forget(str(known))

    def _failed_again(self, path: ProjectPath, error: RtcdError) -> None:
        if self._owed.get(path) != error.code:
            self._done(path)
            self._owed[path] = error.code
            self._project.report(error.code, error, path)

    def _done(self, path: ProjectPath) -> None:
        code = self._owed.pop(path, None)
        if code is not None:
            self._project.clear(code, path)
            self._project.note_change()


def _is_lasting(error: RtcdError) -> bool:
    """True for a file that is held for what does not pass by itself: a full disk may."""
    return isinstance(error, HeldError) and error.code not in PASSING_TROUBLE
