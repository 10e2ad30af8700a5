"""Overwriting a file's bytes under all its names, and mending it after a crash in the middle."""

from __future__ import annotations

import os

from rtcd.disk.raw_io import write_all


class TornWriteError(Exception):
    """The file holds neither the old nor the new bytes; both are kept."""


def overwrite(fd: int, old: bytes, new: bytes) -> None:
    """Write ``new`` over ``old``; when that fails, the old bytes go back to where they were.

    Raises:
        OSError: nothing was changed.
        TornWriteError: not even the old bytes could be written.
    """
    try:
        write_all(fd, new)
        os.ftruncate(fd, len(new))
    except OSError as error:
        try:
            os.lseek(fd, 0, os.SEEK_SET)
            write_all(fd, old)
            os.ftruncate(fd, len(old))
        except OSError as worse:
            raise TornWriteError from worse
        raise error from None


def is_torn(found: bytes, old: bytes, new: bytes) -> bool:
    """True when ``found`` is what a crash in ``overwrite`` leaves, and not a save by anybody."""
    if found in (old, new):
        return False
    return _is_start_then_rest(found, new, old) or _is_start_then_rest(found, old, new)


def _is_start_then_rest(found: bytes, start: bytes, rest: bytes) -> bool:
    """True when it begins like ``start`` and goes on, at the same place, like ``rest``."""
    place = _common_start(found, start)
    return found[place:] == rest[place:]


def _common_start(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
