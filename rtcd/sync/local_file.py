"""One file as it is on disk: its last seen bytes, what they mean, and why it is held."""

from __future__ import annotations

import hashlib

from rtcd.content import Content, Kind
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import format_content, parse
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath
from rtcd.sync.ports import Disk


class LocalFile:
    """The last bytes that we saw or wrote (the template of the next write), and a hold.

    ``snapshot`` is None while there is no file. While ``hold`` is set nothing may be written.
    """

    def __init__(self, path: ProjectPath, kind: Kind, disk: Disk) -> None:
        self.path = path
        self.kind = kind
        self.snapshot: Snapshot | None = None
        self.hold: HeldError | None = None
        self._disk = disk

    async def look(self, *, known_size: int) -> Content | None:
        """Read the file, of ``known_size`` bytes; None when it is absent or held (see ``hold``)."""
        try:
            snapshot = await self._disk.read_finished(self.path, known_size=known_size)
        except HeldError as error:
            self.hold = error
            return None
        if snapshot is None:
            self.snapshot = None
            self.hold = None
            return None
        return self.accept(snapshot)

    def accept(self, snapshot: Snapshot) -> Content | None:
        """Take bytes that are on disk now; None, and a hold, when they cannot be understood."""
        try:
            content = parse(self.kind, snapshot.data, known=self._known())
        except HeldError as error:
            self.hold = error
            return None
        self.hold = None
        self.snapshot = snapshot
        return content

    def content_of(self, data: bytes) -> Content | None:
        """What bytes kept in the history mean; None when they cannot be understood."""
        try:
            return parse(self.kind, data, known=self._known())
        except HeldError:
            return None

    def _known(self) -> bytes | None:
        return self.snapshot.data if self.snapshot else None

    def bytes_for(self, content: Content) -> bytes:
        """The bytes that ``content`` has in this file's own style."""
        return format_content(self.kind, content, self.snapshot.data if self.snapshot else None)

    async def write(self, data: bytes) -> Snapshot | None:
        """Put ``data`` on disk; returns a save that came first and was displaced, if one did.

        Raises:
            HeldError: nothing was changed (disk full, no permission, ...).
        """
        written = await self._disk.write(self.path, data, expected=self.snapshot)
        digest = hashlib.sha256(data).hexdigest()
        self.snapshot = Snapshot(path=self.path, stat=written.stat, data=data, digest=digest)
        return written.displaced

    async def remove(self) -> Snapshot | None:
        """Remove the file; returns the save that came first, if one did (it stays)."""
        if self.snapshot is None:
            return None
        surprise = await self._disk.remove(self.path, expected=self.snapshot)
        if surprise is None:
            self.snapshot = None
        return surprise
