"""The journal of limbo: whose file each name is, so that a crash leaves no riddle."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath

NAME = "journal"
_LONGEST_BYTES = 256 * 1024
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """Whose file a name in limbo is.

    ``known`` are the digests that are no surprise in it. ``new`` names the content that was being
    written in place where this is a copy of the old one. ``before`` is the digest of what was on
    disk before the write: what comes out instead was made from that, or from something older.
    """

    path: ProjectPath
    known: frozenset[str]
    new: str | None = None
    before: str | None = None


class Journal:
    """Lines of JSON, appended with one call each.

    Not fsynced: it has to survive the death of the process, not of the machine. After a power cut
    a file in limbo may be without a line; it is then put where people look for copies.
    """

    def __init__(self, folder: int) -> None:
        self._fd = os.open(NAME, _FLAGS, 0o600, dir_fd=folder)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)

    def append(self, name: str, entry: Entry) -> None:
        """Write an entry down.

        Raises:
            OSError: it is not, or not wholly, in the journal.
        """
        line = {"name": name, "path": entry.path.value, "known": sorted(entry.known)}
        if entry.new is not None:
            line["new"] = entry.new
        if entry.before is not None:
            line["before"] = entry.before
        # Begun with a newline, too: an earlier line may have been cut off by a full disk.
        data = b"\n" + json.dumps(line).encode() + b"\n"
        if os.write(self._fd, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def entries(self) -> dict[str, Entry]:
        """All entries by name."""
        return dict(parse(os.pread(self._fd, os.fstat(self._fd).st_size, 0)))

    def is_long(self) -> bool:
        """True when it is time to start over, once nothing is in limbo."""
        return os.fstat(self._fd).st_size > _LONGEST_BYTES

    def clear(self) -> None:
        """Forget everything."""
        os.ftruncate(self._fd, 0)


def parse(data: bytes) -> Iterator[tuple[str, Entry]]:
    """All entries with their names, oldest first."""
    for line in data.splitlines():
        # A line that a crash cut off tells nothing; the rest still does.
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError, RtcdError):
            found = json.loads(line)
            name, path, known = found["name"], found["path"], frozenset(found["known"])
            if isinstance(name, str) and isinstance(path, str):
                entry = Entry(ProjectPath.parse(path), known, found.get("new"), found.get("before"))
                yield name, entry
