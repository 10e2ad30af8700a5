"""``FileStat`` and ``Snapshot``: what is known of an object in the folder, as values."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Literal

from rtcd.project_path import ProjectPath

ObjectKind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStat:
    """What the system says of one object; the link itself where the name is a link.

    Times are nanoseconds since the epoch, sizes bytes, ``mode`` the permission bits only.
    ``other`` is a FIFO, socket or device: rtcd never opens one.
    """

    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int
    nlink: int
    kind: ObjectKind

    @classmethod
    def of(cls, found: os.stat_result) -> FileStat:
        """Take what is needed from ``os.stat``."""
        return cls(
            dev=found.st_dev,
            ino=found.st_ino,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            ctime_ns=found.st_ctime_ns,
            mode=stat.S_IMODE(found.st_mode),
            nlink=found.st_nlink,
            kind=_kind(found.st_mode),
        )

    def same_bytes_likely(self, other: FileStat) -> bool:
        """True when nothing hints at other bytes; good enough to skip work, never to decide.

        Compared for equality, never for "newer": files come back with old times (``cp -p``).
        """
        return (self.dev, self.ino, self.size, self.mtime_ns, self.ctime_ns, self.kind) == (
            other.dev,
            other.ino,
            other.size,
            other.mtime_ns,
            other.ctime_ns,
            other.kind,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A file's bytes at one moment; ``digest`` is their sha256 in hex."""

    path: ProjectPath
    stat: FileStat
    data: bytes
    digest: str


def _kind(mode: int) -> ObjectKind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISLNK(mode):
        return "link"
    return "other"
