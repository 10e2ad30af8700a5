"""Giving a new file what belonged to the old one besides its bytes."""

from __future__ import annotations

import contextlib
import os
import stat as stat_bits


def copy_attributes(fd: int, folder: int, name: str) -> None:
    """Give an open file the owner, extended attributes (ACLs too) and mode of another.

    The owner is kept where the system lets us; where it does not, set-id bits are not kept.
    """
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    mine = os.fstat(fd)
    mode = stat_bits.S_IMODE(found.st_mode)
    if (found.st_uid, found.st_gid) != (mine.st_uid, mine.st_gid):
        mode = _copy_owner(fd, found, mode)
    if hasattr(os, "listxattr"):
        _copy_xattrs(fd, folder, name)
    os.fchmod(fd, mode)


def _copy_owner(fd: int, found: os.stat_result, mode: int) -> int:
    for uid, gid in ((found.st_uid, found.st_gid), (-1, found.st_gid)):
        try:
            os.fchown(fd, uid, gid)
        except OSError:
            mode &= 0o777
            continue
        break
    return mode


def _copy_xattrs(fd: int, folder: int, name: str) -> None:
    # A file that may be written but not read keeps its attributes to itself.
    with contextlib.suppress(OSError):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        source = os.open(name, flags, dir_fd=folder)
        try:
            for attribute in os.listxattr(source):
                # Some belong to the system (security labels) and may refuse.
                with contextlib.suppress(OSError):
                    os.setxattr(fd, attribute, os.getxattr(source, attribute))
        finally:
            os.close(source)
