"""What kind of history: few long ones with much in them, or many short ones that cost little.

Most bugs need a few edits and one or two faults close together (CrashMonkey: three operations are
enough for nearly all of those it knows); what a long history adds is age: many versions, evicted
rooms, a database that has been lost before. So a run has both, and what counts is not how many
histories there are but how soon a known bug is noticed (``python -m simulation hunt``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """How much is in a history.

    Attributes:
        steps: what people do in it, unless the plan says otherwise.
        faults: how many there are, from and to.
        machines: how many computers there are at most.
        pauses: shares of short pauses (a seventh of a second) and of middle ones (1.5 s); the
            rest is 20 to 90 s.
        look_seconds: between the looks of people after the last fault.
        calm_seconds: how long everything has to stay equal in the end.
        types_first: who saves has typed something.
        hurry: how often an editor is faster than the daemon's next system call.
        reads_fail: a failing disk fails reads, too.
        focus: how often it is somebody at the computer with the latest fault who does something.
    """

    steps: int
    faults: tuple[int, int]
    machines: int
    pauses: tuple[float, float]
    look_seconds: float
    calm_seconds: float
    types_first: bool = False
    hurry: float = 0.05
    reads_fail: bool = False
    focus: float = 0.0


LONG = Shape(60, (3, 6), 3, (0.55, 0.975), 3.0, 45.0)
SHORT = Shape(
    8, (1, 2), 2, (0.6, 0.98), 1.2, 8.0, types_first=True, hurry=0.15, reads_fail=True, focus=0.6
)
SHAPES = {"long": LONG, "short": SHORT}


@dataclass(frozen=True)
class Plan:
    """What is asked for; None: the seed decides."""

    shape: Shape = LONG
    steps: int | None = None
    faults: int | None = None
    host: bool | None = None
    kind: str | None = None
    moves: bool = False
    without_room: bool = False
    trace: bool = False

    @property
    def length(self) -> int:
        """What people do."""
        return self.shape.steps if self.steps is None else self.steps
