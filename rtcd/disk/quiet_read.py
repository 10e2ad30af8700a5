"""Reading a file without the event that tells other people's reads.

The watcher takes "accessed" as evidence that somebody loaded the file. rtcd's own reads must not
look like that. A mapping gives no such event; copying out of it with ``write`` makes the kernel
take the page faults, so that a file truncated under us is an error and not a fatal signal.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys


class TornReadError(OSError):
    """The file shrank while it was read."""


def can_read_quietly() -> bool:
    """True on Linux."""
    return sys.platform.startswith("linux")


def read_quietly(fd: int, size: int) -> bytes | None:
    """The first ``size`` bytes of an open file, or None where the file cannot be mapped.

    Raises:
        TornReadError: the file is shorter than ``size`` by now.
    """
    if size == 0:
        return b""
    try:
        mapping = mmap.mmap(fd, size, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)
    except ValueError:
        raise TornReadError(errno.EAGAIN, "the file shrank while it was read") from None
    except OSError:
        return None
    try:
        return _copy(mapping, size)
    except OSError as error:
        if error.errno != errno.EFAULT or os.fstat(fd).st_size >= size:
            return None  # a plain read tells what is really wrong
        raise TornReadError(errno.EAGAIN, "the file shrank while it was read") from None
    finally:
        mapping.close()


def _copy(mapping: mmap.mmap, size: int) -> bytes:
    copy = os.memfd_create("rtcd-read")
    try:
        with memoryview(mapping) as whole:
            done = 0
            while done < size:
                done += os.write(copy, whole[done:])
        return _read_exactly(copy, size)
    finally:
        os.close(copy)


def _read_exactly(fd: int, size: int) -> bytes:
    data = os.pread(fd, size, 0)
    if len(data) == size:
        return data
    parts = [data]
    place = len(data)
    while place < size:
        part = os.pread(fd, size - place, place)
        if not part:
            break
        parts.append(part)
        place += len(part)
    return b"".join(parts)
