"""Did git write this file? Its index tells: the entry has the very stat of what git checked out.

A checkout is done on purpose and is honoured as a whole, where an editor's old buffer is not. Git
notes the time, inode and size of each file that it writes; while it is at work its lock is there.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

from rtcd.disk.file_stat import Snapshot

LOCK_SECONDS = 5.0
"""``git commit -a`` holds the lock while somebody writes the message: an old lock tells nothing."""

AT_ONCE_NS = 500_000_000
"""``git stash pop`` leaves no entry, but writes the index after the file. A save is read long
before an editor's plugin can ask git for the status, so this does not take one for the other."""

_STAT = struct.Struct(">10I")
_STAT_AND_NAME_BYTES = {"sha1": _STAT.size + 20, "sha256": _STAT.size + 32}
_MAX_NAME = 0xFFF


class GitIndex:
    """The index of the repository that a folder is in, if it is in one."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def wrote(self, snapshot: Snapshot) -> bool:
        """True when git put these bytes there, or is doing so now; False when in doubt."""
        found = _find(self._root)
        if found is None:
            return False
        folder, top = found
        try:
            if time.time() - (folder / "index.lock").stat().st_mtime < LOCK_SECONDS:
                return True
        except OSError:
            pass
        # Looked for after the lock: git puts the new index in place by renaming the lock.
        name = os.fsencode(self._root.relative_to(top) / str(snapshot.path))
        try:
            written_ns = (folder / "index").stat().st_mtime_ns
            if 0 <= written_ns - snapshot.stat.mtime_ns < AT_ONCE_NS:
                return True
            return _is_entry((folder / "index").read_bytes(), name, snapshot)
        except OSError:
            return False


def _find(root: Path) -> tuple[Path, Path] | None:
    """Git's own folder and the top of the working tree; the repository may begin above ``root``."""
    for top in (root, *root.parents):
        place = top / ".git"
        if place.is_dir():
            return place, top
        if place.is_file():
            # A worktree or a submodule: the file names the folder.
            try:
                named = place.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
            except (OSError, UnicodeDecodeError):
                return None
            return (top / named, top) if named else None
    return None


def _is_entry(index: bytes, name: bytes, snapshot: Snapshot) -> bool:
    """True when an entry of this name has the stat of the snapshot (index versions 2 and 3)."""
    flags = struct.pack(">H", min(len(name), _MAX_NAME))
    wanted = flags + name + b"\0"
    place = index.find(wanted)
    while place >= 0:
        for before in _STAT_AND_NAME_BYTES.values():
            if place >= before and _is_stat(_STAT.unpack_from(index, place - before), snapshot):
                return True
        place = index.find(wanted, place + 1)
    return False


def _is_stat(entry: tuple[int, ...], snapshot: Snapshot) -> bool:
    """Time, inode and size; not the time of the last rename, which rtcd's own swap changes."""
    seconds, nanoseconds = divmod(snapshot.stat.mtime_ns, 1_000_000_000)
    mine = (seconds & 0xFFFFFFFF, snapshot.stat.ino & 0xFFFFFFFF, snapshot.stat.size & 0xFFFFFFFF)
    return (entry[2], entry[5], entry[9]) == mine and entry[3] in (nanoseconds, 0)
