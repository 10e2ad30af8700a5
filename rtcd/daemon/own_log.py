"""The daemon's log: what it writes to standard error, once it knows its folder."""

from __future__ import annotations

import os

from rtcd.places import Places

ERRORS = 2


def write_to_log(places: Places) -> None:
    """Standard error goes to the folder's log from now on; the file is private to the user.

    Raises:
        OSError: the log cannot be opened.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    log = os.open(places.log_file, flags, 0o600)
    os.fchmod(log, 0o600)
    os.dup2(log, ERRORS)
    os.close(log)
