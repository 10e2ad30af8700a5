"""Is the host of a joined project there, is it the right one, and do the clocks agree?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import httpx

from rtcd.errors import RtcdError
from rtcd.lan.look_at_key import look_at_key
from rtcd.lan.membership import Membership
from rtcd.places import Places
from rtcd.server.pin import fingerprint, key_changed, pinned_context
from rtcd.server.zone import HOOKS
from rtcd_cli.doctor_checks.check import Check
from rtcd_cli.doctor_checks.clocks import CLOCK_TOLERANCE_SECONDS
from rtcd_cli.doctor_checks.sharing import is_announced

LOOK_SECONDS = 4.0


def check_joined(places: Places) -> Iterator[Check]:
    """The guest's side; nothing for a folder that joined nothing."""
    try:
        membership = Membership.read(places)
    except RtcdError as error:
        yield Check("joined project", "fail", error.message, error.hint)
        return
    if membership is None:
        return
    if not places.remote_token_file.exists():
        yield Check(
            "joined project", "fail", "its token is gone", "Join again: `rtcd join CODE` here."
        )
    if membership.pin is not None:
        yield from asyncio.run(_host(membership, membership.pin))


async def _host(membership: Membership, pin: str) -> list[Check]:
    try:
        shown = await look_at_key(membership.url, LOOK_SECONDS)
    except RtcdError as error:
        return [Check("host key", "warn", error.message, error.hint), await _announced(membership)]
    if shown != pin:
        changed = key_changed(membership.url)
        return [Check("host key", "fail", changed.message, changed.hint)]
    return [
        Check("host key", "ok", f"{membership.url} has the pinned key {fingerprint(pin)}"),
        await _announced(membership),
        *await _clock(membership.url, pin),
    ]


async def _announced(membership: Membership) -> Check:
    if membership.key is not None and await is_announced(membership.key):
        return Check("announcement", "ok", "the host's is heard here")
    return Check(
        "announcement",
        "note",
        "the host's is not heard here",
        "When its address changes, rtcd cannot find it by itself: does the network keep its "
        "members apart, or a firewall stop UDP port 5353?",
    )


async def _clock(url: str, pin: str) -> list[Check]:
    """The host's clock, from an answer that needs no token; pinned like everything else."""
    try:
        async with httpx.AsyncClient(
            verify=pinned_context(pin),
            trust_env=False,
            timeout=LOOK_SECONDS,
            event_hooks=HOOKS,
        ) as http:
            answer = await http.get(url + "api")
        date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (httpx.HTTPError, OSError, KeyError, ValueError):
        return []
    off = date - time.time()
    if abs(off) <= CLOCK_TOLERANCE_SECONDS:
        return [Check("host clock", "ok", "agrees with ours")]
    return [
        Check(
            "host clock",
            "warn",
            f"is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}",
            "Times in the history will look odd; nothing is decided by them.",
        )
    ]
