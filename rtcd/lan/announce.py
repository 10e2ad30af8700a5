"""Announcing a shared project on the network, and taking that back at the end.

The announcement is made anew when the machine's addresses change. Answering runs in a thread of its
own, whose use of the processor and whose memory of what others say are watched: in a flood the
announcement pauses. Members still find the host where they found it last.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from zeroconf import Error as ZeroconfError
from zeroconf import NonUniqueNameException, ServiceInfo, Zeroconf

from rtcd.errors import RtcdError
from rtcd.lan.browse import NetworkError, make_zeroconf
from rtcd.lan.interfaces import IPAddress, own_addresses
from rtcd.lan.service import SERVICE_TYPE, Announcement
from rtcd.lan.share_state import mark_of

log = logging.getLogger("rtcd.lan")

LOOK_SECONDS = 2.0
NAME_TRIES = 3
BUSY_SHARE = 0.15
BUSY_WINDOW_SECONDS = 4.0
MAX_CACHED_NAMES = 5000
QUIET_SECONDS = 60.0

Addresses = tuple[IPAddress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be announced. ``number`` is that of an open code, None without one."""

    port: int
    key: str
    number: int | None


class Announcer:
    """Keeps the announcement in step with what is wanted; ``run`` does the work.

    Args:
        wanted: asked every two seconds, and at once after ``wake``; None means nothing.
        addresses: our network addresses.
        make_voice: opens zeroconf; blocks.
    """

    def __init__(
        self,
        wanted: Callable[[], Wanted | None],
        addresses: Callable[[], Addresses] = own_addresses,
        make_voice: Callable[[], Voice] | None = None,
    ) -> None:
        self._wanted = wanted
        self._addresses = addresses
        self._make_voice = make_voice or Voice
        self._wake = asyncio.Event()
        self._voice: Voice | None = None
        self._said: tuple[Wanted, Addresses] | None = None
        self._meter = BusyMeter(BUSY_SHARE, BUSY_WINDOW_SECONDS)
        self._quiet_until = 0.0

    @property
    def instance(self) -> str:
        """The made-up name of the announcement; empty while there is none."""
        return self._voice.instance if self._voice is not None else ""

    @property
    def is_paused(self) -> bool:
        """True while a flood keeps us quiet."""
        return time.monotonic() < self._quiet_until

    def wake(self) -> None:
        """Something changed: do not wait for the next look."""
        self._wake.set()

    async def run(self) -> None:
        """Announce until cancelled, then withdraw."""
        try:
            while True:
                # Whoever wakes us while we speak (half a second) has something new to say.
                self._wake.clear()
                await self._follow()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
        finally:
            await self._withdraw()

    async def _follow(self) -> None:
        wanted = self._wanted()
        self._hear_flood()
        if wanted is None or self.is_paused:
            await self._withdraw()
            return
        new = (wanted, self._addresses())
        if new == self._said:
            return
        if self._said is not None and self._said[1] != new[1]:
            # Sockets belong to interfaces, and those are others now.
            await self._withdraw()
        try:
            await self._say(*new)
            self._said = new
        except (OSError, RtcdError, ZeroconfError, TimeoutError) as error:
            log.debug("not announced reason=%s", type(error).__name__)
            await self._withdraw()

    async def _say(self, wanted: Wanted, addresses: Addresses) -> None:
        if self._voice is None:
            self._voice = await asyncio.to_thread(self._make_voice)
        await asyncio.to_thread(self._voice.say, wanted, addresses)

    async def _withdraw(self) -> None:
        voice, self._voice, self._said = self._voice, None, None
        if voice is not None:
            await asyncio.shield(asyncio.to_thread(voice.fall_silent))

    def _hear_flood(self) -> None:
        voice = self._voice
        if voice is None:
            self._meter.reset()
            return
        now = time.monotonic()
        if self._meter.is_busy(now, voice.seconds_used()) or voice.cached() > MAX_CACHED_NAMES:
            log.warning("announcing paused reason=flood seconds=%d", QUIET_SECONDS)
            self._quiet_until = now + QUIET_SECONDS


class Voice:
    """Zeroconf with a thread of its own; all methods block for up to seconds.

    Raises:
        NetworkError: no interface takes multicast.
    """

    def __init__(self, zeroconf: Zeroconf | None = None) -> None:
        self._zeroconf = zeroconf or make_zeroconf()
        self._info: ServiceInfo | None = None
        self._clock: int | None = None
        self.instance = ""
        loop = self._zeroconf.loop
        if loop is not None:
            loop.call_soon_threadsafe(self._find_clock)

    def say(self, wanted: Wanted, addresses: Addresses) -> None:
        """Announce, or change the announcement.

        Raises:
            ZeroconfError, OSError: the network does not take it.
        """
        if self._info is not None:
            self._info = _info(self.instance, wanted, addresses)
            self._zeroconf.update_service(self._info)
            return
        for _ in range(NAME_TRIES):
            instance = secrets.token_hex(6)
            info = _info(instance, wanted, addresses)
            try:
                self._zeroconf.register_service(info)
            except NonUniqueNameException:
                # Somebody says it is theirs; names cost nothing.
                continue
            self.instance, self._info = instance, info
            log.info("announced port=%d", wanted.port)
            return
        raise NetworkError("somebody on the network claims every name")

    def fall_silent(self) -> None:
        """Withdraw the announcement and end the thread."""
        with suppress(OSError, ZeroconfError, TimeoutError):
            if self._info is not None:
                self._zeroconf.unregister_service(self._info)
        with suppress(OSError, ZeroconfError):
            self._zeroconf.close()

    def seconds_used(self) -> float:
        """Processor time of the thread, in seconds."""
        try:
            return time.clock_gettime(self._clock) if self._clock is not None else 0.0
        except OSError:
            return 0.0

    def cached(self) -> int:
        """How many names of others are kept in memory."""
        return len(self._zeroconf.cache.cache)

    def _find_clock(self) -> None:
        clock_of = getattr(time, "pthread_getcpuclockid", None)
        if clock_of is not None:
            self._clock = clock_of(threading.get_ident())


class BusyMeter:
    """Whether more than a share of a processor was used over a window; times in seconds."""

    def __init__(self, share: float, window: float) -> None:
        self._share = share
        self._window = window
        self._since: tuple[float, float] | None = None

    def reset(self) -> None:
        """What was measured is of no use any more."""
        self._since = None

    def is_busy(self, now: float, used: float) -> bool:
        """Judged at the end of each window; ``used`` is the processor time so far."""
        if self._since is None:
            self._since = (now, used)
            return False
        began, before = self._since
        if now - began < self._window:
            return False
        self._since = (now, used)
        return used - before > self._share * (now - began)


def _info(instance: str, wanted: Wanted, addresses: Addresses) -> ServiceInfo:
    said = Announcement(
        instance=instance,
        port=wanted.port,
        mark=mark_of(wanted.key, instance),
        number=wanted.number,
    )
    return ServiceInfo(
        SERVICE_TYPE,
        said.service_name,
        addresses=[address.packed for address in addresses],
        port=said.port,
        properties=said.txt(),
        server=said.server_name,
    )
