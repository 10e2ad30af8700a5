"""Does anybody have this file open for writing? The kernel knows: it refuses a read lease then."""

from __future__ import annotations

import errno
import os
import signal
import sys

if sys.platform.startswith("linux"):
    import fcntl

    _F_SETSIG = 10

    def _has_writer(fd: int) -> bool | None:
        try:
            # The signal of a broken lease must be one that is ignored by default: the standard
            # one would end the process.
            fcntl.fcntl(fd, _F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return True if error.errno == errno.EAGAIN else None
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False

else:

    def _has_writer(fd: int) -> bool | None:
        return None


def somebody_writes(folder: int, name: str) -> bool | None:
    """True when ``name`` in the open folder is open for writing, None when it cannot be told.

    It cannot be told for other users' files, on network file systems and outside Linux.
    The lease lives for a few microseconds; a writer that opens the file just then waits for them.
    """
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    try:
        return _has_writer(fd)
    finally:
        os.close(fd)
