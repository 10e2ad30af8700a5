"""Moving a file's time by a whole second where editors would not see a smaller step.

Some editors (joe, mg, Spyder, nano for a file written in place) remember the time of a file in
whole seconds. A save and what rtcd writes right after it often fall into one second; such an
editor would not notice, show old text, and not warn before it overwrites the new.
"""

from __future__ import annotations

import os

SECOND_NS = 1_000_000_000


def visible_time(now_ns: int, replaced_ns: int) -> int:
    """The time for a file written now over one of time ``replaced_ns``; all are nanoseconds.

    In another second than the replaced file's, never before it, and at most a second ahead of
    the clock: a file that is written many times a second keeps that second, or its time would run
    away. A time further in the future was set by somebody else and is not followed.
    """
    ahead = replaced_ns // SECOND_NS - now_ns // SECOND_NS
    return now_ns + SECOND_NS if ahead in (0, 1) else now_ns


def show_change(fd: int, replaced_ns: int) -> None:
    """Give the file that was just written a time which differs visibly from the replaced one's."""
    found = os.fstat(fd)
    wanted = visible_time(found.st_mtime_ns, replaced_ns)
    if wanted != found.st_mtime_ns:
        os.utime(fd, ns=(found.st_atime_ns, wanted))
