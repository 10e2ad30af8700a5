"""Joining by a code on the local network: find who offers it, and prove the code to them.

Anybody may announce the number of our code. Each of them gets one try and learns nothing by it; the
one that knows the code, too, is the host.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from rtcd.errors import RtcdError, ServerUnreachableError
from rtcd.lan.browse import Browser, browsing
from rtcd.lan.invitation import Invitation, JoinError
from rtcd.lan.join_code import JoinCode
from rtcd.lan.service import Announcement

SEARCH_SECONDS = 8.0
MAX_HOSTS = 4
MAX_URLS = 3
# Which of several failures a person should hear of.
WORST_FIRST = ("somebody-between", "wrong-code", "too-often", "no-offer", "not-a-host")

Knock = Callable[[str, JoinCode, str], Awaitable[Invitation]]


class NobodyOffersError(RtcdError):
    """No host on the network announces the number of the code."""

    code = "no-host"
    exit_code = 3


async def join_on_network(
    code: JoinCode, name: str, *, seconds: float = SEARCH_SECONDS, try_host: Knock | None = None
) -> Invitation:
    """Join whoever on the network made this code; ``name`` is what others will call us.

    Raises:
        NetworkError: the network cannot be asked.
        NobodyOffersError: nobody announces such a code.
        JoinError: whoever does, does not know it.
    """
    failures: list[RtcdError] = []
    tried: set[str] = set()
    deadline = time.monotonic() + seconds
    async with browsing() as browser:
        # The question is out; what talks to hosts is loaded while they answer.
        try_host = try_host or _knock()
        while len(tried) < MAX_HOSTS:
            found = await _next(browser, code, tried, deadline - time.monotonic())
            if found is None:
                break
            tried.add(found.instance)
            for url in found.urls[:MAX_URLS]:
                try:
                    return await try_host(url, code, name)
                except ServerUnreachableError as error:
                    failures.append(error)
                except JoinError as error:
                    failures.append(error)
                    break
        others = len(browser.announced()) - len(tried)
    raise _what_to_tell(code, failures, others)


def _knock() -> Knock:
    from rtcd.lan.knock import knock

    return knock


async def _next(
    browser: Browser, code: JoinCode, tried: set[str], seconds: float
) -> Announcement | None:
    def is_wanted(one: Announcement) -> bool:
        return one.number == code.number and one.instance not in tried

    found = await browser.wait(is_wanted, seconds)
    return found[0] if found else None


def _what_to_tell(code: JoinCode, failures: list[RtcdError], others: int) -> RtcdError:
    refusals = [error for error in failures if isinstance(error, JoinError)]
    if refusals:
        return min(refusals, key=lambda error: _rank(error.code))
    if failures:
        return failures[-1]
    heard = (
        "" if others < 1 else f" ({others} other{'s share' if others > 1 else ' shares'} something)"
    )
    return NobodyOffersError(
        f"nobody on this network offers code number {code.number}{heard}",
        hint="A code is good once, for ten minutes, and one wrong guess spoils it: is it still open, and "
        "the host on the same network? Some networks keep their members apart: then give the "
        "address, `rtcd join https://HOST:PORT/`.",
    )


def _rank(code: str) -> int:
    return WORST_FIRST.index(code) if code in WORST_FIRST else len(WORST_FIRST)
