"""A guest's daemon finds its host again: after a sleep, a restart, or under a new address."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

from rtcd.errors import RtcdError
from rtcd.lan.find_host import find_host
from rtcd.lan.membership import Membership
from rtcd.places import Places
from rtcd.rooms.backoff import Backoff
from rtcd.server.address import Place
from rtcd.server.pin import KeyChangedError
from rtcd.sync.project import Project
from rtcd.sync.server_side import ServerSide

log = logging.getLogger("rtcd.daemon")

PATIENCE_SECONDS = 1.0
BACKOFF = Backoff(first=1.0, longest=15.0)
KEY_CODE = "key-changed"


class HostFollower:
    """Looks for the host whenever the connection is lost; everybody's next try goes there.

    A host with another key is told as a problem, and is not the host.
    """

    def __init__(
        self,
        *,
        places: Places,
        membership: Membership,
        place: Place,
        server: ServerSide,
        project: Project,
        find: Callable[[Membership], Awaitable[str]] = find_host,
    ) -> None:
        self._places = places
        self._membership = membership
        self._place = place
        self._server = server
        self._project = project
        self._find = find

    async def run(self) -> None:
        """Follow until cancelled."""
        failures = 0
        while True:
            await asyncio.sleep(PATIENCE_SECONDS)
            if self._server.connected:
                failures = 0
                continue
            if await self._look():
                failures = 0
                continue
            failures += 1
            await asyncio.sleep(BACKOFF.delay(failures, random.random()))

    async def _look(self) -> bool:
        """True when the host answers somewhere."""
        try:
            url = await self._find(self._membership)
        except KeyChangedError as error:
            self._project.report(KEY_CODE, error)
            return False
        except RtcdError as error:
            log.debug("host not found reason=%s", error)
            return False
        self._project.clear(KEY_CODE)
        if url != self._place.url:
            log.info("host found again at a new address")
            self._place.url = url
            self._membership = replace(self._membership, url=url)
            self._membership.write(self._places)
        self._server.connect_now()
        return True
