"""Listening for shared projects on the network. Nothing is sent but the question.

What is heard is untrusted: it is parsed strictly, and only so much of it is kept. A network that
floods is left alone after a while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from rtcd.errors import RtcdError
from rtcd.lan.interfaces import Interface, interfaces, multicast_interfaces, named_zone
from rtcd.lan.service import SERVICE_TYPE, Announcement

MAX_SERVICES = 64
MAX_LOOKING_UP = 8
MAX_HEARD = 1000
ANSWER_MILLISECONDS = 1500.0
MAX_CPU_SECONDS = 5.0


class NetworkError(RtcdError):
    """The local network cannot be used."""

    code = "no-network"
    exit_code = 3


class Browser:
    """What is announced now; make it with ``browsing``."""

    def __init__(self, zeroconf: AsyncZeroconf) -> None:
        self._zeroconf = zeroconf
        self._near = interfaces()
        self._found: dict[str, Announcement] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._looking_up = asyncio.Semaphore(MAX_LOOKING_UP)
        self._heard = 0
        self._cpu_until = time.process_time() + MAX_CPU_SECONDS
        self.flooded = False

    def announced(self) -> tuple[Announcement, ...]:
        """All that was heard so far, in a stable order."""
        return tuple(self._found[name] for name in sorted(self._found))

    async def wait(
        self, is_wanted: Callable[[Announcement], bool], seconds: float
    ) -> tuple[Announcement, ...]:
        """Those that are wanted, as soon as there is one; none when the time is up."""
        deadline = time.monotonic() + seconds
        while True:
            found = tuple(one for one in self.announced() if is_wanted(one))
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def notice(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        """Called by zeroconf for each service that comes, changes or goes."""
        del zeroconf, service_type
        self._heard += 1
        if self._heard > MAX_HEARD or time.process_time() > self._cpu_until:
            self.flooded = True
            return
        if state_change is ServiceStateChange.Removed:
            self._found.pop(name, None)
        elif name not in self._tasks and len(self._found) + len(self._tasks) < MAX_SERVICES:
            task = asyncio.get_running_loop().create_task(self._look_up(name))
            self._tasks[name] = task
            task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def close(self) -> None:
        """Forget what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_up(self, name: str) -> None:
        info = AsyncServiceInfo(SERVICE_TYPE, name)
        async with self._looking_up:
            if not await info.async_request(self._zeroconf.zeroconf, ANSWER_MILLISECONDS):
                return
        found = _parse(name, info, self._near)
        if found is not None:
            self._found[name] = found
            self._changed.set()


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Listen inside the ``with`` block.

    Raises:
        NetworkError: there is no network to listen on.
    """
    zeroconf = open_zeroconf()
    browser = Browser(zeroconf)
    try:
        async_browser = AsyncServiceBrowser(
            zeroconf.zeroconf, SERVICE_TYPE, handlers=[browser.notice]
        )
        try:
            yield browser
        finally:
            await async_browser.async_cancel()
    finally:
        await browser.close()
        await zeroconf.async_close()


def open_zeroconf() -> AsyncZeroconf:
    """Zeroconf in this event loop, on all interfaces but loopback.

    Raises:
        NetworkError: none of them takes multicast.
    """
    return AsyncZeroconf(zc=make_zeroconf())


def make_zeroconf() -> Zeroconf:
    """Zeroconf in the running event loop, or in a thread of its own where none runs.

    Raises:
        NetworkError: no interface takes multicast.
    """
    found = multicast_interfaces()
    attempts: list[list[str | int]] = [found, [one for one in found if isinstance(one, str)]]
    for chosen in attempts:
        kinds = {isinstance(one, int) for one in chosen}
        version = IPVersion.All if len(kinds) > 1 else IPVersion.V6Only
        version = IPVersion.V4Only if kinds == {False} else version
        with suppress(OSError, RuntimeError):
            if chosen:
                return Zeroconf(interfaces=list(chosen), ip_version=version)
    raise NetworkError(
        "the local network cannot be asked: no interface takes multicast",
        hint="Are you connected? Else give the host's address: `rtcd join https://HOST:PORT/`.",
    )


def _parse(name: str, info: AsyncServiceInfo, near: tuple[Interface, ...]) -> Announcement | None:
    addresses = [named_zone(text) for text in info.parsed_scoped_addresses()]
    return Announcement.parse(name, info.port, info.properties, addresses, near)
