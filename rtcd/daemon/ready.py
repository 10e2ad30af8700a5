"""``ReadyReport``: what ``rtcd start`` tells when everyone can edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from rtcd.daemon.status import SCHEMA, ServerMode, StatusReport
from rtcd.places import Places


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that are not shared for one reason, with one of them as an example."""

    reason: str
    count: int
    example: str

    def to_json(self) -> dict[str, Any]:
        """One item of ``left_out``."""
        return {"reason": self.reason, "count": self.count, "example": self.example}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The reverse of ``to_json``."""
        return cls(value["reason"], value["count"], value["example"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyReport:
    """The document of ``rtcd start --json``. The token itself is in ``token_file``, never here.

    ``token_file`` is None where a server needs no token or rtcd was not told one. ``connected`` is
    False for a folder that joined a project whose host is away.
    """

    project: str
    pid: int
    url: str
    mode: ServerMode
    token_file: str | None
    lab_url: str
    files_shared: int = 0
    left_out: tuple[LeftOut, ...] = ()
    connected: bool = True

    def to_json(self) -> dict[str, Any]:
        """The document, schema 1, with what was shared and left out added."""
        return {
            "schema": SCHEMA,
            "project": self.project,
            "pid": self.pid,
            "server": {
                "url": self.url,
                "mode": self.mode,
                "token_file": self.token_file,
                "lab_url": self.lab_url,
                "connected": self.connected,
            },
            "files_shared": self.files_shared,
            "left_out": [item.to_json() for item in self.left_out],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The reverse of ``to_json``.

        Raises:
            KeyError: a field is missing.
        """
        server = value["server"]
        return cls(
            project=value["project"],
            pid=value["pid"],
            url=server["url"],
            mode=server["mode"],
            token_file=server["token_file"],
            lab_url=server["lab_url"],
            files_shared=value.get("files_shared", 0),
            left_out=tuple(LeftOut.from_json(item) for item in value.get("left_out", ())),
            connected=bool(server.get("connected", True)),
        )

    @classmethod
    def of_running(cls, status: StatusReport, places: Places) -> Self:
        """The same facts for a daemon that runs already, from its status."""
        held: dict[str, list[str]] = {}
        for file in status.files:
            if file.state == "held":
                held.setdefault(file.reason or "held", []).append(file.path)
        return cls(
            project=status.project,
            pid=status.daemon.pid,
            url=status.server.url,
            mode=status.server.mode,
            token_file=str(places.token_file) if places.token_file.exists() else None,
            lab_url=status.server.url + "lab",
            files_shared=sum(file.state != "held" for file in status.files),
            left_out=tuple(LeftOut(why, len(paths), paths[0]) for why, paths in held.items()),
            connected=status.server.connected,
        )
