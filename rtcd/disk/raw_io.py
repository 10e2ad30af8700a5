"""Whole reads and whole writes on open files; the system may do less than it is asked."""

from __future__ import annotations

import errno
import hashlib
import os

_PART_BYTES = 1 << 20


def read_all(fd: int) -> bytes:
    """Everything from the start of an open file."""
    parts = []
    place = 0
    while part := os.pread(fd, _PART_BYTES, place):
        parts.append(part)
        place += len(part)
    return b"".join(parts)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte.

    Raises:
        OSError: as ``write``; some of the bytes may be written then.
    """
    rest = memoryview(data)
    while rest:
        done = os.write(fd, rest)
        if done == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[done:]


def digest_of(data: bytes) -> str:
    """The sha256 of bytes in hex, as in ``Snapshot.digest``."""
    return hashlib.sha256(data).hexdigest()
