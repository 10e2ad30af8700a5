"""Which file is being worked on at this moment, written where a dead process leaves it behind.

A native library can end the process without a word. The next daemon then reads here which file it
was, and sets it aside when that has happened several times: all others go on. The note is in a
shared memory map, so it costs a copy of a few bytes and no system call.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from rtcd.errors import PathRefusedError
from rtcd.project_path import ProjectPath

SIZE = 4096
WINDOW_SECONDS = 600.0
MAX_CRASHES = 3


class InHand(Protocol):
    """Notes the file while something is done that may end the process."""

    def working_on(self, path: ProjectPath) -> contextlib.AbstractContextManager[None]:
        """The note stands inside the ``with`` block."""


class NothingInHand:
    """For those who need no note."""

    @contextlib.contextmanager
    def working_on(self, path: ProjectPath) -> Iterator[None]:
        """Nothing is noted."""
        del path
        yield


class CrashNotes:
    """The note of this process, and the count of what earlier ones died of.

    Both files are private and in the state folder; losing them costs a crash or two more.
    """

    def __init__(self, folder: Path, *, restarted: bool) -> None:
        """``restarted``: the process before this one was ended by a bug; else all is forgotten."""
        self._counts = folder / "crashes.json"
        note = folder / "in-hand"
        died_of = _read_note(note) if restarted else None
        self._crashes = self._count(died_of) if restarted else {}
        self._write_counts()
        descriptor = os.open(note, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, SIZE)
            self._map = mmap.mmap(descriptor, SIZE)
        finally:
            os.close(descriptor)
        self._map[:2] = b"\0\0"

    def close(self) -> None:
        """Nothing is in hand any more."""
        self._map[:2] = b"\0\0"
        self._map.close()

    @contextlib.contextmanager
    def working_on(self, path: ProjectPath) -> Iterator[None]:
        """Note the file while something is done that may end the process."""
        name = str(path).encode()[: SIZE - 2]
        self._map[2 : 2 + len(name)] = name
        self._map[:2] = len(name).to_bytes(2, "little")
        try:
            yield
        finally:
            self._map[:2] = b"\0\0"

    def set_aside(self) -> list[ProjectPath]:
        """Files that the daemon died of several times."""
        return [ProjectPath(path) for path, at in self._crashes.items() if len(at) >= MAX_CRASHES]

    def _count(self, died_of: ProjectPath | None) -> dict[str, list[float]]:
        now = time.time()
        try:
            found = json.loads(self._counts.read_bytes())
            known = {
                str(ProjectPath.parse(path)): list(map(float, at)) for path, at in found.items()
            }
        except (OSError, ValueError, TypeError, AttributeError, PathRefusedError):
            known = {}
        if died_of is not None:
            known.setdefault(str(died_of), []).append(now)
        recent = {
            path: [at for at in times if now - at < WINDOW_SECONDS] for path, times in known.items()
        }
        return {path: times for path, times in recent.items() if times}

    def _write_counts(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._counts, flags, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._crashes, file)


def _read_note(file: Path) -> ProjectPath | None:
    try:
        data = file.read_bytes()
        length = int.from_bytes(data[:2], "little")
        return ProjectPath.parse(data[2 : 2 + length].decode()) if length else None
    except (OSError, ValueError, PathRefusedError):
        return None
