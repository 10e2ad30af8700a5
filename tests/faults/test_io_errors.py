"""A system call that fails, once or for a while, costs time and nothing else.

A sample; all of them: ``python tests/faults/explore.py errors``.
"""

from __future__ import annotations

import random

import pytest

from faults.daemons import Nursery
from faults.errors import ERRNOS, FAIL_CALLS, ErrorPoint, fail
from faults.rig import Rig
from faults.rounds import ROUNDS

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.long,
    pytest.mark.usefixtures("has_strace"),
]


def test_calls_that_fail_cost_nothing_but_time(nursery: Nursery) -> None:
    """Every call once, with an error that is drawn by lot."""
    rng = random.Random("errors of a host")
    with Rig(nursery, "host") as rig:
        for call in FAIL_CALLS:
            lasting = rng.random() < 0.3
            point = ErrorPoint(
                "host", rng.choice(tuple(ROUNDS)), call, 1, rng.choice(ERRNOS), lasting
            )
            outcome = fail(rig, point)
            assert outcome.is_clean, (str(point), outcome)
