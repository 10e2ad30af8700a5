"""First contact: the whole folder beside the whole server, now or when the server is back.

Theory of operation. A daemon whose server answers compares everything before it says "ready". A
folder that joined a project whose host is away is ready without that: it is watched, status tells
what waits, nothing is changed. When the host answers, the comparison is the same as at any
start: what was saved meanwhile is merged at what both sides had last.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rtcd.errors import RtcdError, ServerUnreachableError
from rtcd.rooms.backoff import Backoff
from rtcd.server.entry import ServerAbout
from rtcd.sync.first_contact import reconcile_all, scan_local
from rtcd.sync.local_side import LocalSide
from rtcd.sync.project import Project
from rtcd.sync.recovered import RecoveredCopy, find_recovered, merge_recovered
from rtcd.sync.server_side import ServerSide

log = logging.getLogger("rtcd.daemon")

START_SECONDS = 30.0
JOIN_SECONDS = 10.0
LOOK_SECONDS = 1.0
BACKOFF = Backoff(first=1.0, longest=30.0)

Progress = Callable[[str], None]


class Contact:
    """Brings both sides together for the first time.

    Args:
        recovered: saves that a crash caught; they are merged then, too.
        recovery: the folder where the server's extension leaves copies, None where it has none.
        told: called with what the server says of itself, when it had been away.
    """

    def __init__(
        self,
        project: Project,
        local: LocalSide,
        remote: ServerSide,
        *,
        recovered: Sequence[RecoveredCopy],
        recovery: Path | None,
        told: Callable[[ServerAbout], None],
    ) -> None:
        self._project = project
        self._local = local
        self._remote = remote
        self._recovered = recovered
        self._recovery = recovery
        self._told = told
        self._is_missing = asyncio.Event()

    async def make(self, progress: Progress) -> None:
        """Compare everything and merge what differs; returns when everyone can edit.

        Raises:
            RtcdError: the server does not answer, or refuses.
        """
        await self._soon(self._local.watching)
        await self._compare(progress, lambda: self._soon(self._remote.listening))

    async def do_without(self, progress: Progress) -> None:
        """The server is away: look at the folder, and note what happens in it from now on."""
        project = self._project
        project.awaits_server = True
        await self._soon(self._local.watching)
        progress("reading the folder")
        project.pairs.on_server.load()
        await scan_local(project, progress)
        self._local.begin()
        self._is_missing.set()

    async def run(self) -> None:
        """Make the contact as soon as it can be made, where it was not; until cancelled."""
        failures = 0
        while True:
            await self._is_missing.wait()
            while not self._remote.connected:
                await self._project.changed(self._project.seq, LOOK_SECONDS)
            self._local.pause()
            try:
                self._told(await self._project.link.client.about())
                await self._compare(lambda _: None, self._remote.listening.wait)
                self._is_missing.clear()
                log.info("the server was reached at last")
            except RtcdError as error:
                failures += 1
                log.info("not compared with the server yet reason=%s", error)
                self._local.begin()
                await asyncio.sleep(BACKOFF.delay(failures, random.random()))

    async def _compare(self, progress: Progress, heard: Callable[[], Awaitable[object]]) -> None:
        project = self._project
        await reconcile_all(project, progress, heard)
        project.awaits_server = False
        project.pairs.begin()
        self._local.begin()
        self._remote.begin()
        await self._first_bindings()
        left = find_recovered(self._recovery) if self._recovery is not None else []
        await merge_recovered(project, [*self._recovered, *left])

    async def _soon(self, event: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                await event.wait()
        except TimeoutError:
            raise ServerUnreachableError(
                f"the server at {self._project.link.address.url} does not answer in time",
                hint="`rtcd doctor` looks at the way to it; try again when it is reachable.",
            ) from None

    async def _first_bindings(self) -> None:
        """Ready means that what differed has been merged, as far as the server answers."""
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                while any(binding.is_joining for binding in self._project.bindings.values()):
                    await self._project.changed(self._project.seq, 0.1)
        except TimeoutError:
            log.info("not all rooms joined in time")
