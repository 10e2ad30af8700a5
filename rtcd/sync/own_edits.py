"""Edits that are rtcd's own: a restored version, a settled conflict, and the mending of cells.

Nobody made these on disk or in JupyterLab. They go straight into the live document and reach the
disk by the same way as everybody else's edits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from rtcd.content import Content
from rtcd.errors import RtcdError
from rtcd.sync.one_way import refused
from rtcd.sync.open_file import OpenFile
from rtcd.sync.ports import Room
from rtcd.sync.remembering import Remembering

Change = Callable[[Content], Content]


class OwnEdits:
    """The edits that wait for their turn, and how they are made."""

    def __init__(self, open_file: OpenFile, remembering: Remembering) -> None:
        self._open = open_file
        self._remembering = remembering
        self._waiting: deque[tuple[Change, str, asyncio.Future[None]]] = deque()

    def ask(self, change: Change, source: str) -> asyncio.Future[None]:
        """Queue an edit; the future is done when it is sent and on disk, or refused.

        ``source`` is that of the version that comes of it, see ``VersionInfo``.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, source, done))
        return done

    async def take(self, room: Room) -> None:
        """Make all edits that wait."""
        while self._waiting:
            change, source, done = self._waiting.popleft()
            try:
                await self._make(room, change, source)
            except RtcdError as error:
                done.set_exception(error)
            else:
                self._open.flushers.append(done)

    async def _make(self, room: Room, change: Change, source: str) -> None:
        it = self._open
        if it.file.hold is not None:
            raise it.file.hold
        if it.receives_only:
            raise refused()
        wanted = change(it.joined.live.content())
        self._remembering.remember_before_own_edit()
        update = it.joined.reconcile(wanted)
        if update:
            self._remembering.own_edit = source
            it.content_changed()
            await it.send(room, update)

    def refuse(self) -> None:
        """No room is open and none is about to be: say so to all who wait."""
        reason = self._open.error or RtcdError(
            f"{self._open.path} is not open on the server",
            hint="Try again when `rtcd status` is synced.",
        )
        while self._waiting:
            self._waiting.popleft()[-1].set_exception(reason)

    async def mend(self, room: Room) -> None:
        """Bring back what Yjs loses when cells are moved or deleted while they are edited."""
        it = self._open
        if it.receives_only:
            return
        outcome = it.joined.rescue(now=it.clock())
        if outcome is None:
            return
        self._remembering.record_conflicts(
            outcome.overlaps,
            it.file.bytes_for(outcome.before),
            outcome.merged,
            outcome.merged,
            since=outcome.base.at,
        )
        it.generations.changed()
        await it.send(room, outcome.update)
