"""The word that the daemon's parent leaves while it lives: who it is, and what it waits for.

While it waits to begin a daemon again nobody listens at the control socket and nobody holds the
folder. Only this file tells then that a daemon is about to come back, and how to prevent it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rtcd.daemon.lock import is_held

END_PATIENCE_SECONDS = 10.0


class SupervisorMark:
    """A locked file; the kernel frees it at the parent's death, whatever its children do."""

    def __init__(self, descriptor: int, project: Path) -> None:
        self._descriptor = descriptor
        self._project = project

    @classmethod
    def leave(cls, path: Path, project: Path) -> Self | None:
        """Mark this process as the parent of a daemon; None where another one is, or it cannot be.

        Args:
            path: ``Places.supervisor``.
            project: the folder that is shared.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        mark = cls(descriptor, project)
        mark.tell(None)
        return mark

    def tell(self, again_at: float | None) -> None:
        """When a daemon is begun again (seconds since the epoch), None while one runs."""
        told = {"pid": os.getpid(), "again_at": again_at, "project": str(self._project)}
        note = json.dumps(told).encode()
        with suppress(OSError):
            os.pwrite(self._descriptor, note, 0)
            os.ftruncate(self._descriptor, len(note))

    def drop(self) -> None:
        """In a child of the parent: the mark is not ours."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class Supervisor:
    """The living parent of a daemon.

    ``project`` is the folder that it shares; ``again_at``: when it begins a daemon again (seconds
    since the epoch), None while one runs.
    """

    pid: int
    project: Path
    again_at: float | None
    _path: Path

    @classmethod
    def find(cls, path: Path) -> Self | None:
        """The one whose mark this is; None when there is none."""
        if not is_held(path):
            return None
        try:
            value = json.loads(path.read_bytes())
            pid, again_at = int(value["pid"]), value["again_at"]
            project = Path(value["project"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cls(pid, project, None if again_at is None else float(again_at), path)

    @classmethod
    def all(cls, states: Path) -> Iterator[Self]:
        """Those of all folders of this user; ``states`` is the folder of all state folders."""
        for path in sorted(states.glob("*/supervisor")):
            found = cls.find(path)
            if found is not None:
                yield found

    @property
    def waits(self) -> bool:
        """True while no daemon runs because it waits to begin one again."""
        return self.again_at is not None

    @property
    def seconds(self) -> float:
        """How long it still waits."""
        return 0.0 if self.again_at is None else max(0.0, self.again_at - time.time())

    def end(self, patience: float = END_PATIENCE_SECONDS) -> bool:
        """Have it end, with its daemon if one runs; True when it has, within so many seconds."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        return self.is_gone_within(patience)

    def is_gone_within(self, seconds: float) -> bool:
        """Wait for its end; False when it is still there after so many seconds."""
        deadline = time.monotonic() + seconds
        while is_held(self._path):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True
