"""The time of day that never jumps: what all of a daemon's decisions are made by."""

from __future__ import annotations

import time
from collections.abc import Callable


def steady_wall_clock(
    wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
) -> Callable[[], float]:
    """Seconds since the epoch, as the clock on the wall told them once, counted on from there.

    A clock that is set back or forward while the daemon runs moves nothing: no wait becomes a
    year, and the order of versions stays what it was.
    """
    ahead = wall() - steady()
    return lambda: steady() + ahead
