"""Is the other end still there? Pure: the shell measures and carries out.

A cut that sends no FIN is noticed by silence: after ``ping_after`` seconds without a sign of life
a ping goes out, after ``dead_after`` more the link is dead. A sign of life is a received byte, or
outgoing bytes that the other end took: on a slow link the pong waits behind megabytes, and a link
that moves is not dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What to do now."""

    FINE = "fine"
    PING = "ping"
    DEAD = "dead"


@dataclass(slots=True)
class Liveness:
    """Judges one link; times in seconds of a steady clock.

    ``received`` counts the bytes that ever came in, ``unsent`` those that wait to go out, down to
    the kernel's where it tells.
    """

    ping_after: float
    dead_after: float
    sign_at: float
    received: int = 0
    unsent: int = 0
    _pinged: bool = False

    def look(self, now: float, *, received: int, unsent: int) -> Verdict:
        """Measure once more."""
        moved = received != self.received or unsent < self.unsent
        self.received, self.unsent = received, unsent
        if moved:
            self.sign_at, self._pinged = now, False
            return Verdict.FINE
        silence = now - self.sign_at
        if silence >= self.ping_after + self.dead_after:
            return Verdict.DEAD
        if silence >= self.ping_after and not self._pinged:
            self._pinged = True
            return Verdict.PING
        return Verdict.FINE

    def next_look(self) -> float:
        """When to look again at the latest."""
        wait = self.ping_after + (self.dead_after if self._pinged else 0.0)
        return self.sign_at + wait
