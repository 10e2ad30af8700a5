"""Does the share on the local network work: the host's key, its door, what is announced, the guests?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rtcd.daemon.control_client import ask
from rtcd.daemon.status import StatusReport
from rtcd.errors import RtcdError
from rtcd.lan.browse import browsing
from rtcd.lan.certificate import certificate_ends, certificate_file, certificate_pin
from rtcd.lan.guest_book import GuestBook
from rtcd.lan.interfaces import url_host
from rtcd.lan.look_at_key import look_at_key
from rtcd.lan.share_state import ShareState, share_folder
from rtcd.places import Places
from rtcd.server.pin import fingerprint
from rtcd_cli.doctor_checks.check import Check
from rtcd_cli.output import plural

ASK_SECONDS = 15.0
LOOK_SECONDS = 2.0
LISTEN_SECONDS = 3.0
MAX_ADDRESSES = 8
WARN_BEFORE = timedelta(days=30)


def check_sharing(places: Places, status: StatusReport | None) -> Iterator[Check]:
    """The host's side; nothing for a folder that was never shared, or is a guest's."""
    folder = share_folder(places)
    if status is None or status.server.mode == "remote" or not certificate_file(folder).exists():
        return
    try:
        view = ask(places.control_socket, "share", {"action": "look"}, timeout=ASK_SECONDS)
    except RtcdError as error:
        yield Check("sharing", "fail", error.message, error.hint)
        return
    if not isinstance(view, dict) or not view.get("on"):
        yield Check("sharing", "note", "not shared on the network now", "`rtcd share` shares it.")
        return
    yield check_certificate(places, str(view["pin"]))
    yield asyncio.run(check_listener(view))
    yield asyncio.run(check_announcement(places, view))
    yield check_guests(places)


def check_certificate(places: Places, shown: str) -> Check:
    """Is its file private, is it the one that the server uses, does it last?"""
    folder = share_folder(places)
    try:
        pin, ends = certificate_pin(folder), certificate_ends(folder)
    except (RtcdError, OSError, ValueError) as error:
        hint = getattr(error, "hint", "") or f"Look at {certificate_file(folder)}."
        return Check("certificate", "fail", f"cannot be used: {error}", hint)
    if pin != shown:
        return Check(
            "certificate",
            "fail",
            "the server uses another key than the one in its file",
            "`rtcd stop`, then `rtcd start`; guests may need a new code.",
        )
    words = f"key {fingerprint(pin)}, until {ends:%Y-%m-%d}"
    if ends - datetime.now(UTC) < WARN_BEFORE:
        hint = "Guests with rtcd go by the key; browsers will complain about the date."
        return Check("certificate", "warn", words, hint)
    return Check("certificate", "ok", words)


async def check_listener(view: dict[str, Any]) -> Check:
    """Does the server answer with its key at the addresses that guests are told?"""
    hosts = [text for text in view["addresses"] if not text.startswith("fe80")][:MAX_ADDRESSES]
    if not hosts:
        return Check(
            "network listener",
            "fail",
            "this machine has no network address",
            "Are you connected to a network?",
        )
    urls = [f"https://{url_host(text)}:{view['port']}/" for text in hosts]
    answers = await asyncio.gather(*(_key_at(url) for url in urls))
    silent = [url for url, key in zip(urls, answers, strict=True) if key is None]
    strange = [
        url for url, key in zip(urls, answers, strict=True) if key not in (None, view["pin"])
    ]
    if strange:
        return Check(
            "network listener",
            "fail",
            f"somebody else answers at {strange[0]}",
            "Another program has the port: `rtcd share --stop`, then `rtcd share`.",
        )
    if silent:
        return Check(
            "network listener",
            "fail" if len(silent) == len(urls) else "warn",
            f"no answer at {', '.join(silent)}",
            f"A firewall on this machine has to let TCP port {view['port']} through.",
        )
    return Check(
        "network listener", "ok", f"answers at {', '.join(urls)} (asked from this machine)"
    )


async def check_announcement(places: Places, view: dict[str, Any]) -> Check:
    """Is the announcement heard?"""
    if not view.get("announced"):
        return Check(
            "announcement",
            "note",
            "not announced (--no-lan, or a flood of announcements on the network)",
            "Guests give the address that `rtcd share` shows.",
        )
    key = ShareState.read(share_folder(places)).key
    if await is_announced(key):
        return Check("announcement", "ok", "heard on this machine")
    return Check(
        "announcement",
        "warn",
        "not heard",
        "Does a firewall stop UDP port 5353? Guests give the address that `rtcd share` shows.",
    )


async def is_announced(key: str) -> bool:
    """Whether a project with this key is announced on the network now."""
    try:
        async with browsing() as browser:
            return bool(await browser.wait(lambda one: one.is_of(key), LISTEN_SECONDS))
    except RtcdError:
        return False


def check_guests(places: Places) -> Check:
    """Can the list of those who may come in be trusted?"""
    try:
        guests = GuestBook(share_folder(places)).guests()
    except (RtcdError, OSError) as error:
        return Check("guests", "fail", f"nobody may come in: {error}", getattr(error, "hint", ""))
    return Check("guests", "ok", f"{plural(len(guests), 'guest')} may come in")


async def _key_at(url: str) -> str | None:
    try:
        return await look_at_key(url, LOOK_SECONDS)
    except RtcdError:
        return None
