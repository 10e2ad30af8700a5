"""How an attempt to join ends: let in, or not and why."""

from __future__ import annotations

from dataclasses import dataclass

from rtcd.errors import RtcdError


class JoinError(RtcdError):
    """The host did not let us in; ``code`` is the reason."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What the host told a guest that proved the code; ``repr`` hides the token."""

    url: str
    pin: str | None
    token: str
    key: str | None
    project: str
    host: str
    name: str

    def __repr__(self) -> str:
        return f"Invitation(url={self.url!r}, project={self.project!r})"
