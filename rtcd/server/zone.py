"""IPv6 zones (``fe80::1%eth0``) are for connecting; servers must not hear of them (RFC 6874, 4)."""

from __future__ import annotations

import re

import httpx

_ZONE = re.compile(r"(\[[0-9A-Fa-f:.]+)%[^\]]*\]")


def without_zone(text: str) -> str:
    """A URL, or the host in one, without the zone of its address."""
    return _ZONE.sub(r"\1]", text, count=1)


async def say_host_without_zone(request: httpx.Request) -> None:
    """A request hook of httpx, which puts the zone into the ``Host`` header."""
    request.headers["Host"] = without_zone(request.headers["Host"])


HOOKS = {"request": [say_host_without_zone]}
