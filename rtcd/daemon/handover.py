"""A merged text on its way from the command line to the daemon.

A control request has at most 64 kB and may name no path outside the project, so a longer text
travels as a file of mode 0600 in ``.rtcd/recovery/`` and the request carries its bare name.
"""

from __future__ import annotations

import os
import re
import secrets

from rtcd.errors import RtcdError
from rtcd.places import Places

_NAME = re.compile(r"handover-[0-9a-f]{16}")


def put(places: Places, text: str) -> str:
    """Keep ``text`` for the daemon; returns the name to put into the request."""
    name = f"handover-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(places.recovery / name, flags, 0o600), "wb") as file:
        file.write(text.encode())
    return name


def take(places: Places, name: str) -> str:
    """The text kept under ``name``; its file is gone afterwards.

    Raises:
        RtcdError: the name is none that ``put`` gives, or nothing is there.
    """
    if not _NAME.fullmatch(name):
        raise RtcdError("the name of the merged text was refused", code="refused-path")
    path = places.recovery / name
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            text = file.read().decode()
    except FileNotFoundError:
        raise RtcdError(
            "the merged text is gone", hint="Run `rtcd conflicts resolve` again."
        ) from None
    path.unlink()
    return text


def drop(places: Places, name: str) -> None:
    """Forget a text that the daemon did not take."""
    (places.recovery / name).unlink(missing_ok=True)
