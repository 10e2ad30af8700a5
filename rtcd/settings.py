"""``Settings``: what a daemon is told when it starts; read once, passed down."""

from __future__ import annotations

import getpass
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Direction = Literal["both", "receive", "send"]
"""Which way edits may go between the folder and the server."""


def default_name() -> str:
    """The name others see: the full name of the account if there is one, else the login."""
    try:
        import pwd

        entry = pwd.getpwnam(getpass.getuser())
        full = entry.pw_gecos.split(",")[0].strip()
    except (ImportError, KeyError, OSError):
        full = ""
    try:
        return full or getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One folder's settings. ``token`` never appears in ``repr``; times are seconds, sizes bytes.

    ``allows_http``: the token may go over the network in the open, the user said so.
    """

    project: Path
    server_url: str | None = None
    token: str | None = field(default=None, repr=False)
    remote_path: str = ""
    allows_http: bool = False
    name: str = field(default_factory=default_name)
    port: int = 0
    lan: bool = True
    direction: Direction = "both"
    max_file_bytes: int = 50 * 1024 * 1024

    def to_json(self) -> dict[str, Any]:
        """For the pipe to the daemon's standard input; holds the token."""
        return {**asdict(self), "project": str(self.project)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Settings:
        """The reverse of ``to_json``."""
        return cls(**{**value, "project": Path(value["project"])})
