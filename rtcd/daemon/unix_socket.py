"""The control socket as an address: private to its owner, and short enough for the kernel.

The kernel takes at most 107 bytes for the name of a Unix socket. A longer path is reached through
its folder's descriptor (``/proc/self/fd/N/name``), so a deep home folder is no trouble on Linux.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtcd.errors import RtcdError
from rtcd.places import make_private_folder

MAX_ADDRESS_BYTES = 107
BACKLOG = 64


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """A name for ``path`` that fits into a socket address, valid inside the ``with`` block."""
    if len(os.fsencode(path)) <= MAX_ADDRESS_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def connect(path: Path, timeout: float | None) -> socket.socket:
    """Connect to a listening socket; ``timeout`` in seconds, None waits for ever.

    Raises:
        OSError: nobody listens there.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout)
        with short_address(path) as address:
            made.connect(address)
    except BaseException:
        made.close()
        raise
    return made


def listen(path: Path) -> socket.socket:
    """Listen at ``path`` (mode 0600 from the first moment, in a folder of mode 0700).

    What a dead daemon left behind is replaced in one step: bound beside it, then renamed over it.

    Raises:
        RtcdError: a living daemon listens there, or the place is not ours.
    """
    make_private_folder(path.parent)
    _check_place(path)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        _bind_private(made, beside)
        made.listen(BACKLOG)
        beside.rename(path)
    except BaseException:
        made.close()
        beside.unlink(missing_ok=True)
        raise
    return made


def peer_uid(connected: socket.socket) -> int | None:
    """The user at the other end, told by the kernel; None where the system cannot tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, option, size))
    return int(uid)


def _bind_private(made: socket.socket, path: Path) -> None:
    # The mask is the process's own, so it is changed for the one call that makes the file:
    # a chmod afterwards would leave a moment in which others could connect.
    before = os.umask(0o177)
    try:
        with short_address(path) as address:
            made.bind(address)
    finally:
        os.umask(before)


def _check_place(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        raise RtcdError(
            f"{path} is not a socket of yours",
            hint="Move it away; rtcd wants to listen there.",
        )
    try:
        connect(path, 1.0).close()
    except OSError:
        return  # nobody listens: a dead daemon left it
    raise RtcdError(
        "a daemon already listens for this folder",
        hint="Run `rtcd status` to see it, `rtcd stop` to end it.",
        code="already-running",
    )
