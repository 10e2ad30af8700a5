"""Trouble with one file or peer, as a value; all others go on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What ``rtcd status`` shows until it is gone.

    ``code`` is a stable word (``invalid-notebook``, ``not-utf8``, ...); ``message`` one sentence;
    ``hint`` what to do; ``path`` the project path or None; ``at`` seconds since the epoch.
    """

    path: str | None
    code: str
    message: str
    hint: str
    at: float
