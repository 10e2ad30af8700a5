"""A semaphore whose next place goes to whoever came last.

For work that comes in bursts beside single pieces that somebody waits for: a checkout of a thousand
files does not keep the save after it waiting. All of a burst is done in the end, as no burst lasts.
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class LifoSemaphore:
    """``async with`` it; at most ``places`` are inside at once."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> None:
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                # It was ours already when we were cancelled: it goes to the next.
                self._leave()
            else:
                self._waiting.remove(place)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.pop().set_result(None)
        else:
            self._free += 1
