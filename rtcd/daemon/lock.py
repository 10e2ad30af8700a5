"""One daemon per folder: a lock that the kernel frees at the daemon's death."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rtcd.errors import RtcdError

PROBE_PATIENCE_SECONDS = 1.0


class AlreadyRunningError(RtcdError):
    """Another daemon holds the folder."""

    code = "already-running"

    def __init__(self, pid: int | None) -> None:
        whose = f" (process {pid})" if pid else ""
        super().__init__(
            f"a daemon already runs for this folder{whose}",
            hint="`rtcd status` shows what it does; `rtcd stop` ends it.",
        )
        self.pid = pid


class ProjectLock:
    """Held from ``take`` to the end of the process, or to ``release``.

    The server extension probes the same lock with a shared one that it drops at once, so a busy
    lock is tried again for a moment.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self:
        """Take the lock and write our process id into it.

        Raises:
            AlreadyRunningError: another daemon holds it.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        deadline = time.monotonic() + PROBE_PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise AlreadyRunningError(holder(path)) from None
                time.sleep(0.01)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid()}).encode(), 0)
        return cls(path, descriptor)

    def tell_server(self, url: str) -> None:
        """Write which server we work with: only that one may leave its rooms to us."""
        note = json.dumps({"pid": os.getpid(), "server": url}).encode()
        os.pwrite(self._descriptor, note, 0)
        os.ftruncate(self._descriptor, len(note))

    def release(self) -> None:
        """Let another daemon in."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def holder(path: Path) -> int | None:
    """The process id that the last holder wrote, or None."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    pid = value.get("pid") if isinstance(value, dict) else None
    return pid if isinstance(pid, int) else None


def is_held(path: Path) -> bool:
    """True while a living process holds the lock at ``path``."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
