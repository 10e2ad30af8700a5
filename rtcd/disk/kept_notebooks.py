"""Notebooks that are kept with the server only: their last bytes lie in ``.rtcd/notebooks``.

A text alone in the folder is paired with a notebook that nobody wants to see there. What its text was
written from has to be remembered all the same; here it is, out of sight, private, and not shared by
git or anybody else.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.writer import Written
from rtcd.project_path import ProjectPath


class KeptNotebooks:
    """A disk (``sync/ports.py``) for notebooks that are not in the folder. Nobody else writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, path: ProjectPath) -> Snapshot | None:
        """The last bytes, or None."""
        place = self._place(path)
        try:
            data = place.read_bytes()
            stat = FileStat.of(os.stat(place))
        except FileNotFoundError:
            return None
        return Snapshot(path=path, stat=stat, data=data, digest=hashlib.sha256(data).hexdigest())

    def store(self, path: ProjectPath, data: bytes) -> None:
        """Keep these bytes; whole or not at all."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        place = self._place(path)
        temporary = place.with_suffix(".new")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        temporary.replace(place)

    async def read(self, path: ProjectPath) -> Snapshot | None:
        """The last bytes, or None."""
        return self.load(path)

    async def read_finished(self, path: ProjectPath, *, known_size: int) -> Snapshot | None:
        """The same: nobody else writes there."""
        return self.load(path)

    async def write(self, path: ProjectPath, data: bytes, *, expected: Snapshot | None) -> Written:
        """Keep these bytes."""
        del expected
        self.store(path, data)
        return Written(stat=FileStat.of(os.stat(self._place(path))), displaced=None)

    def is_checkout(self, snapshot: Snapshot) -> bool:
        """Git never writes here."""
        del snapshot
        return False

    async def remove(self, path: ProjectPath, *, expected: Snapshot) -> Snapshot | None:
        """Forget the notebook."""
        del expected
        self.forget(path)
        return None

    def forget(self, path: ProjectPath) -> None:
        """Nothing is kept of it any more."""
        self._place(path).unlink(missing_ok=True)

    def _place(self, path: ProjectPath) -> Path:
        return self._folder / f"{hashlib.sha256(path.value.encode()).hexdigest()[:32]}.ipynb"
