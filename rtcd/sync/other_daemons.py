"""The line to the other daemons of the server, kept up over lost connections."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rtcd.content import JsonObject
from rtcd.errors import RtcdError, ServerUnreachableError
from rtcd.rooms.announcements import Announcements
from rtcd.rooms.backoff import Backoff
from rtcd.rooms.news import Announcement
from rtcd.server.address import ServerAddress
from rtcd.sync.ports import Clock

log = logging.getLogger("rtcd.sync")

BACKOFF = Backoff(longest=10.0)
CONNECT_PATIENCE_SECONDS = 15.0
ANNOUNCE_GAP_SECONDS = 0.1


class OtherDaemons:
    """Announces, hears, and takes turns; ``run`` keeps the connection."""

    def __init__(
        self, address: ServerAddress, *, user: JsonObject, steady: Clock = time.monotonic
    ) -> None:
        self._address = address
        self._user = user
        self._steady = steady
        self._line: Announcements | None = None
        self._is_up = asyncio.Event()
        self._heard: asyncio.Queue[Announcement] = asyncio.Queue()
        self._to_tell: list[Announcement] = []
        self._telling: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        failures = 0
        while True:
            try:
                line = await Announcements.open(self._address, user=self._user, clock=self._steady)
            except RtcdError as error:
                failures += 1
                log.debug("other daemons not reached reason=%s", error)
                await asyncio.sleep(BACKOFF.delay(failures, random.random()))
                continue
            failures = 0
            await self._stay(line)

    async def _stay(self, line: Announcements) -> None:
        self._line = line
        self._is_up.set()
        try:
            async for announcement in line.incoming():
                self._heard.put_nowait(announcement)
        finally:
            await self._tell(line)
            self._line = None
            self._is_up.clear()
            await line.close()

    async def announce(self, announcement: Announcement) -> None:
        """Tell the others; who is not connected now compares everything later.

        The first goes at once, what follows closely goes together.
        """
        if self._line is None:
            return
        self._to_tell.append(announcement)
        if self._telling is None or self._telling.done():
            await self._tell(self._line)
            self._telling = asyncio.get_running_loop().create_task(self._tell_rest())

    async def _tell_rest(self) -> None:
        """Tell what came up meanwhile, until there is nothing more."""
        await asyncio.sleep(ANNOUNCE_GAP_SECONDS)
        while self._to_tell and self._line is not None:
            await self._tell(self._line)
            await asyncio.sleep(ANNOUNCE_GAP_SECONDS)

    async def _tell(self, line: Announcements) -> None:
        together, self._to_tell = self._to_tell, []
        if together:
            with suppress(ServerUnreachableError):
                await line.announce(*together)

    async def incoming(self) -> AsyncIterator[Announcement]:
        """What the others tell, over all connections."""
        while True:
            yield await self._heard.get()

    @asynccontextmanager
    async def exclusive(self, file_id: str) -> AsyncIterator[None]:
        """Only one daemon at a time is inside for one file.

        Raises:
            ServerUnreachableError: the other daemons cannot be asked now.
        """
        try:
            async with asyncio.timeout(CONNECT_PATIENCE_SECONDS):
                await self._is_up.wait()
        except TimeoutError:
            raise ServerUnreachableError("the other daemons cannot be asked now") from None
        line = self._line
        if line is None:
            raise ServerUnreachableError("the other daemons cannot be asked now")
        async with line.claimed(file_id):
            yield
