"""Finding a host again: where it was, else where it announces itself; its key proves it."""

from __future__ import annotations

import logging

from rtcd.errors import RtcdError, ServerUnreachableError
from rtcd.lan.browse import browsing
from rtcd.lan.look_at_key import look_at_key
from rtcd.lan.membership import Membership
from rtcd.server.pin import key_changed

log = logging.getLogger("rtcd.lan")

BROWSE_SECONDS = 4.0
MAX_TRIED = 24


async def find_host(membership: Membership, seconds: float = BROWSE_SECONDS) -> str:
    """The URL where the project's host answers with its own key.

    Raises:
        KeyChangedError: somebody with another key answers in its place, and the host nowhere.
        ServerUnreachableError: nobody answers.
    """
    assert membership.pin is not None
    stranger: str | None = None
    silence: RtcdError | None = None
    try:
        if await look_at_key(membership.url) == membership.pin:
            return membership.url
        stranger = membership.url
    except ServerUnreachableError as error:
        silence = error
    found = await _announced(membership, seconds)
    if found is not None:
        return found
    if stranger is not None:
        raise key_changed(stranger)
    raise silence or ServerUnreachableError("the host was not found")


async def _announced(membership: Membership, seconds: float) -> str | None:
    """Where a host with the pinned key announces itself; None when it does nowhere."""
    key = membership.key
    if key is None:
        return None
    tried: set[str] = set()
    try:
        async with browsing() as browser:
            while True:
                fresh = await browser.wait(
                    lambda one: one.is_of(key) and not tried.issuperset(one.urls), seconds
                )
                if not fresh or len(tried) > MAX_TRIED:
                    return None
                for url in (url for one in fresh for url in one.urls if url not in tried):
                    tried.add(url)
                    if await _has_key(url, membership.pin):
                        return url
    except RtcdError as error:
        log.debug("network not asked reason=%s", error)
        return None


async def _has_key(url: str, pin: str | None) -> bool:
    try:
        return await look_at_key(url, 2.0) == pin
    except ServerUnreachableError:
        return False
