"""What a check of ``rtcd doctor`` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "note", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: ``message`` says what is, ``hint`` what to do.

    A ``note`` is good to know and no finding: nothing can or need be done.
    """

    name: str
    outcome: Outcome
    message: str
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        """One item of ``rtcd doctor --json``."""
        return {
            "check": self.name,
            "outcome": self.outcome,
            "message": self.message,
            "hint": self.hint,
        }
