"""The user of the folder in JupyterLab's list of people, kept there over lost connections."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from rtcd.content import JsonObject
from rtcd.errors import RtcdError
from rtcd.rooms.backoff import Backoff
from rtcd.rooms.person import Person
from rtcd.rooms.presence import Presence
from rtcd.server.address import ServerAddress

log = logging.getLogger("rtcd.sync")

BACKOFF = Backoff(longest=20.0)
LOOK_SECONDS = 0.5


class ShownPerson:
    """Publishes which documents are open here; ``documents`` is asked twice a second."""

    def __init__(
        self,
        address: ServerAddress,
        *,
        user: JsonObject,
        documents: Callable[[], Sequence[str]],
        current: Callable[[], str | None],
    ) -> None:
        self._address = address
        self._user = user
        self._documents = documents
        self._current = current
        self._presence: Presence | None = None

    def people(self) -> list[Person]:
        """Everybody else at the server."""
        return self._presence.people() if self._presence is not None else []

    async def run(self) -> None:
        """Stay on the list until cancelled."""
        failures = 0
        while True:
            try:
                self._presence = await Presence.open(self._address, user=self._user)
                failures = 0
                await self._show_what_is_open(self._presence)
            except RtcdError as error:
                failures += 1
                log.debug("presence lost reason=%s", error)
            finally:
                if self._presence is not None:
                    presence, self._presence = self._presence, None
                    await presence.close()
            await asyncio.sleep(BACKOFF.delay(max(1, failures), random.random()))

    async def _show_what_is_open(self, presence: Presence) -> None:
        shown: tuple[str | None, tuple[str, ...]] | None = None
        while True:
            now = (self._current(), tuple(self._documents()))
            if now != shown:
                await presence.show(*now)
                shown = now
            await asyncio.sleep(LOOK_SECONDS)
