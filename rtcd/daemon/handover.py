"""Contents on their way to the daemon: a merged text from the command line, a guest's save from the server.

A control request has at most 64 kB and may name no path outside the project, so a longer content
travels as a file of mode 0600 in ``.rtcd/recovery/`` and the request carries its bare name.
"""

from __future__ import annotations

import os
import re
import secrets

from rtcd.errors import RtcdError
from rtcd.places import Places

_NAME = re.compile(r"handover-[0-9a-f]{16}")


def put(places: Places, data: bytes) -> str:
    """Keep ``data`` for the daemon; returns the name to put into the request."""
    name = f"handover-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(places.recovery / name, flags, 0o600), "wb") as file:
        file.write(data)
    return name


def take(places: Places, name: str) -> bytes:
    """The content kept under ``name``; its file is gone afterwards.

    Raises:
        RtcdError: the name is none that ``put`` gives, or nothing is there.
    """
    if not _NAME.fullmatch(name):
        raise RtcdError("the name of what was handed over was refused", code="refused-path")
    path = places.recovery / name
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise RtcdError("what was handed over is gone", hint="Do it again.") from None
    path.unlink()
    return data


def drop(places: Places, name: str) -> None:
    """Forget a content that the daemon did not take."""
    (places.recovery / name).unlink(missing_ok=True)
