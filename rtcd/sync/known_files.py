"""Every file of the project that rtcd knows of, with why it is held if it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rtcd.content import Kind
from rtcd.disk.file_stat import FileStat
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath


@dataclass(slots=True)
class KnownFile:
    """What was last seen of one file: ``digest`` is sha256 (hex) of its bytes, None when unread."""

    kind: Kind
    stat: FileStat | None = None
    digest: str | None = None
    hold: HeldError | None = None


class KnownFiles:
    """The files of a project by path."""

    def __init__(self) -> None:
        self._files: dict[ProjectPath, KnownFile] = {}

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, path: object) -> bool:
        return path in self._files

    def __iter__(self) -> Iterator[ProjectPath]:
        return iter(sorted(self._files))

    def get(self, path: ProjectPath) -> KnownFile | None:
        """What is known of a file, or None."""
        return self._files.get(path)

    def seen(self, path: ProjectPath, kind: Kind, stat: FileStat, digest: str) -> KnownFile:
        """The file was read."""
        known = self._files.setdefault(path, KnownFile(kind))
        known.stat, known.digest, known.hold = stat, digest, None
        return known

    def held(self, path: ProjectPath, kind: Kind, error: HeldError, stat: FileStat | None) -> None:
        """The file is there and cannot be shared as it is."""
        known = self._files.setdefault(path, KnownFile(kind))
        known.hold, known.stat, known.digest = error, stat, None

    def forget(self, path: ProjectPath) -> None:
        """The file is gone."""
        self._files.pop(path, None)

    def move(self, old: ProjectPath, new: ProjectPath) -> None:
        """The file has another name."""
        if old in self._files:
            self._files[new] = self._files.pop(old)

    def below(self, folder: ProjectPath) -> list[ProjectPath]:
        """The files inside a folder."""
        return [path for path in self._files if path.is_below(folder)]
