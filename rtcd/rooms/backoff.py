"""How long to wait before the next try. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds that double with every failure, from ``first`` to ``longest``.

    Each wait is spread over half to all of its length, so that many clients of one server that
    came back do not all knock at once.
    """

    first: float = 0.25
    longest: float = 60.0

    def delay(self, failures: int, fraction: float) -> float:
        """The wait after so many failures in a row (from 1); ``fraction`` is random in [0, 1)."""
        if failures < 1:
            return 0.0
        # 2**60 seconds are enough for anybody; a larger power would not fit a float some day.
        whole = min(self.longest, self.first * 2.0 ** min(failures - 1, 60))
        return whole * (0.5 + 0.5 * fraction)
