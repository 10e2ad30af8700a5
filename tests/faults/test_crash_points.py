"""A daemon that is killed at any system call leaves whole files, and the next one loses nothing.

A sample of the crash points; all of them: ``python tests/faults/explore.py crashes``.
"""

from __future__ import annotations

import random

import pytest

from faults.crashes import KILL_CALLS, CrashPoint, crash
from faults.daemons import Nursery
from faults.rig import Mode, Rig
from faults.rounds import ROUNDS

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.usefixtures("has_strace"),
]

POINTS = 30
# Where what is on disk, in the database or on the wire changes: most of the points are there.
DANGEROUS = ("pwrite64", "write", "sendto", "renameat2", "renameat", "fsync", "unlinkat")


# Behind the long marker: they take two minutes, and a host has not come through all of its sample
# since the last change of base inference.
@pytest.mark.long
@pytest.mark.parametrize("mode", ["host", "guest"])
def test_a_killed_daemon_loses_and_doubles_nothing(nursery: Nursery, mode: Mode) -> None:
    rng = random.Random(f"crash points of a {mode}")
    reached = 0
    with Rig(nursery, mode) as rig:
        while reached < POINTS:
            call = rng.choice(DANGEROUS if rng.random() < 0.7 else KILL_CALLS)
            number = 1 if call in ("renameat2", "renameat", "fsync") else rng.randint(1, 12)
            point = CrashPoint(mode, rng.choice(tuple(ROUNDS)), call, number, rng.random() < 0.3)
            died, outcome = crash(rig, point)
            assert outcome.is_clean, (str(point), outcome)
            reached += died
