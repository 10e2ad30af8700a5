"""A folder with one file and a writer, for tests of what the writer does."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from rtcd.disk.file_stat import Snapshot
from rtcd.disk.folder import Folder
from rtcd.disk.writer import Writer
from rtcd.project_path import ProjectPath

PATH = ProjectPath.parse("a.txt")


@dataclass
class Project:
    """A folder with one file, a writer and a clock that the test moves."""

    root: Path
    swaps: bool = True
    now: float = 100.0
    folder: Folder = field(init=False)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.root.mkdir()
        self.file = self.root / "a.txt"
        self.file.write_bytes(b"one")
        self.limbo = self.root / ".rtcd" / "limbo"
        self.open()

    def open(self) -> None:
        self.folder = Folder.open(self.root)
        self.writer = Writer(self.folder, self.limbo, swaps=self.swaps, clock=lambda: self.now)

    def read(self) -> Snapshot:
        found = self.folder.read(PATH, max_bytes=1 << 20)
        assert found is not None
        return found

    def limbo_names(self) -> list[str]:
        return sorted(set(os.listdir(self.limbo)) - {"journal"})

    def late_after(self, seconds: float) -> list[bytes]:
        """What late_saves gives when it is called whenever it asks to be."""
        end = self.now + seconds
        found = []
        while (look := self.writer.next_look()) is not None and look <= end:
            self.now = max(self.now, look)
            found += [(late.path, late.data) for late in self.writer.late_saves(self.now)]
        self.now = end
        assert all(path == PATH for path, _ in found)
        return [data for _, data in found]
