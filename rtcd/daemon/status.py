"""``StatusReport``: what a daemon reports of its files, people, problems and conflicts.

``to_json`` gives the document of ``rtcd status --json`` (schema 1), field for field;
``from_json`` reads it back and ignores fields that a newer daemon may have added.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self

from rtcd.problem import Problem

SCHEMA = 1

ProjectState = Literal["synced", "syncing", "offline", "halted", "error"]
FileState = Literal["synced", "sending", "receiving", "held"]
FileKind = Literal["text", "notebook", "paired"]
ServerMode = Literal["embedded", "shared-folder", "remote"]


def format_time(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, whole seconds: ``2026-01-31T12:00:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> float:
    """The reverse of ``format_time``.

    Raises:
        ValueError: the text is no ISO 8601 time.
    """
    return datetime.fromisoformat(text).timestamp()


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The process itself; ``started`` in seconds since the epoch."""

    pid: int
    version: str
    started: float

    def to_json(self) -> dict[str, Any]:
        """The ``daemon`` object of the document."""
        return {"pid": self.pid, "version": self.version, "started": format_time(self.started)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The reverse of ``to_json``."""
        return cls(value["pid"], value["version"], parse_time(value["started"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """The Jupyter server; ``url`` ends in a slash and never holds a token."""

    url: str
    mode: ServerMode
    connected: bool
    software: str

    def to_json(self) -> dict[str, Any]:
        """The ``server`` object of the document."""
        return {
            "url": self.url,
            "mode": self.mode,
            "connected": self.connected,
            "software": self.software,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The reverse of ``to_json``."""
        return cls(
            url=value["url"],
            mode=value["mode"],
            connected=value["connected"],
            software=value["software"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatus:
    """One file: ``reason`` is the stable word of a hold, else None; ``live`` means a room is open.

    ``people`` are the display names of those who have it open now; ``stale_outputs`` counts the cells
    of a paired notebook whose outputs are older than their code.
    """

    path: str
    kind: FileKind
    state: FileState
    reason: str | None = None
    live: bool = False
    conflicts: int = 0
    people: tuple[str, ...] = ()
    stale_outputs: int = 0

    def to_json(self) -> dict[str, Any]:
        """One item of ``files``."""
        return {
            "path": self.path,
            "kind": self.kind,
            "state": self.state,
            "reason": self.reason,
            "live": self.live,
            "conflicts": self.conflicts,
            "people": list(self.people),
            **({"stale_outputs": self.stale_outputs} if self.stale_outputs else {}),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The reverse of ``to_json``."""
        return cls(
            path=value["path"],
            kind=value["kind"],
            state=value["state"],
            reason=value["reason"],
            live=value["live"],
            conflicts=value["conflicts"],
            people=tuple(value["people"]),
            stale_outputs=int(value.get("stale_outputs", 0)),
        )


@dataclass(frozen=True, slots=True)
class PersonStatus:
    """One person in one place: display name, the program they use, the file they look at."""

    name: str
    client: str
    path: str | None

    def to_json(self) -> dict[str, Any]:
        """One item of ``people``."""
        return {"name": self.name, "client": self.client, "path": self.path}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The reverse of ``to_json``."""
        return cls(value["name"], value["client"], value["path"])


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """The whole answer of ``rtcd status``; ``project`` is an absolute path.

    ``seq`` grows whenever rtcd wrote, sent, received or recorded anything. ``conflicts`` counts
    the open ones.
    """

    project: str
    seq: int
    state: ProjectState
    daemon: DaemonStatus
    server: ServerStatus
    files: tuple[FileStatus, ...] = ()
    people: tuple[PersonStatus, ...] = ()
    problems: tuple[Problem, ...] = ()
    conflicts: int = 0

    def to_json(self) -> dict[str, Any]:
        """The document of ``rtcd status --json``, schema 1."""
        return {
            "schema": SCHEMA,
            "project": self.project,
            "seq": self.seq,
            "state": self.state,
            "daemon": self.daemon.to_json(),
            "server": self.server.to_json(),
            "files": [file.to_json() for file in self.files],
            "people": [person.to_json() for person in self.people],
            "problems": [problem_to_json(problem) for problem in self.problems],
            "conflicts": self.conflicts,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The reverse of ``to_json``; a problem's time is not in the document and becomes 0.

        Raises:
            KeyError: a field of schema 1 is missing.
            ValueError: a time is none.
        """
        return cls(
            project=value["project"],
            seq=value["seq"],
            state=value["state"],
            daemon=DaemonStatus.from_json(value["daemon"]),
            server=ServerStatus.from_json(value["server"]),
            files=tuple(FileStatus.from_json(item) for item in value["files"]),
            people=tuple(PersonStatus.from_json(item) for item in value["people"]),
            problems=tuple(problem_from_json(item) for item in value["problems"]),
            conflicts=value["conflicts"],
        )


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """One item of ``problems``."""
    return {
        "path": problem.path,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


def problem_from_json(value: dict[str, Any]) -> Problem:
    """The reverse of ``problem_to_json``."""
    return Problem(value["path"], value["code"], value["message"], value["hint"], 0.0)
