"""Is a daemon at work in this folder, and does it work with this very server?

The daemon holds an flock on ``.rtcd/lock`` while it lives; the kernel frees it at its death,
however it dies. Asking means to try for a shared lock and to let go of it at once: that takes
microseconds, and a daemon that starts just then tries again.

A daemon may write ``{"server": URL}`` into the lock file to say which server it works with. A
server with another URL must then not rely on it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CACHE_SECONDS = 0.2
MAX_NOTE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class LockLook:
    """What one look at a lock file showed; ``server`` is the URL in it, if there is one."""

    held: bool
    server: str | None = None


def look_at_lock(lock: Path) -> LockLook:
    """Whether somebody holds the lock. Never makes the file, never waits, keeps nothing."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return LockLook(held=False)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return LockLook(held=True, server=_server_in(os.read(descriptor, MAX_NOTE_BYTES)))
    except OSError:
        # A file system without locks: no daemon can hold one here either.
        return LockLook(held=False)
    else:
        return LockLook(held=False)
    finally:
        # Closing lets go of the lock as well.
        os.close(descriptor)


def same_server(one: str, other: str) -> bool:
    """True when two URLs name the same port and path; a host has too many names to compare."""
    first, second = urlsplit(one), urlsplit(other)
    return (_port(first.scheme, first.port), first.path.rstrip("/")) == (
        _port(second.scheme, second.port),
        second.path.rstrip("/"),
    )


class DaemonLiveness:
    """Answers for one project folder; an answer holds for 0.2 s.

    Args:
        lock: the lock file of the project.
        server_url: gives this server's own URL, None while it is not known yet.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        lock: Path,
        server_url: Callable[[], str | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = lock
        self._server_url = server_url
        self._clock = clock
        self._asked_at = float("-inf")
        self._answer = False

    def alive(self, *, fresh: bool = False) -> bool:
        """True while a daemon lives that works with this server; ``fresh`` asks the kernel now."""
        now = self._clock()
        if fresh or now - self._asked_at >= CACHE_SECONDS:
            self._answer = self._ask()
            self._asked_at = now
        return self._answer

    def _ask(self) -> bool:
        look = look_at_lock(self._lock)
        own = self._server_url()
        if not look.held or look.server is None or own is None:
            return look.held
        return same_server(look.server, own)


def _port(scheme: str, port: int | None) -> int:
    return port if port is not None else (443 if scheme in ("https", "wss") else 80)


def _server_in(note: bytes) -> str | None:
    try:
        value = json.loads(note)
    except ValueError:
        return None
    server = value.get("server") if isinstance(value, dict) else None
    return server if isinstance(server, str) else None
