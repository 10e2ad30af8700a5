"""Where the simulated server's files are: its own copy, or a daemon's folder (``host.py``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass
class ServerFile:
    """A file on the server's disk; ``mtime`` in seconds."""

    data: bytes
    mtime: float


class ServerDisk(Protocol):
    """Where the server's files are."""

    def read(self, path: str) -> ServerFile | None: ...

    def write(self, path: str, data: bytes) -> None: ...

    def delete(self, path: str) -> None: ...

    def rename(self, old: str, new: str) -> None: ...

    def paths(self) -> list[str]: ...


class OwnDisk:
    """The server's own copy of the folder."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.files: dict[str, ServerFile] = {}

    def read(self, path: str) -> ServerFile | None:
        return self.files.get(path)

    def write(self, path: str, data: bytes) -> None:
        self.files[path] = ServerFile(data, round(self._clock(), 4))

    def delete(self, path: str) -> None:
        self.files.pop(path, None)

    def rename(self, old: str, new: str) -> None:
        self.files[new] = self.files.pop(old)

    def paths(self) -> list[str]:
        return sorted(self.files)
