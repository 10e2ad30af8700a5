"""The project folder for coroutines: what takes long runs in a thread."""

from __future__ import annotations

import asyncio
import hashlib

from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.folder import Folder
from rtcd.disk.git_index import GitIndex
from rtcd.disk.ignore import IgnoreRules
from rtcd.disk.os_errors import PASSING_TROUBLE
from rtcd.disk.scan import load_rules, walk_all
from rtcd.disk.settle import ABSENT_S, OPEN_WRITER_S, QUIET_S
from rtcd.disk.writer import Writer, Written
from rtcd.errors import HeldError, RtcdError
from rtcd.project_path import ProjectPath
from rtcd.sync.one_way import only_sends

LOOK_AGAIN_SECONDS = 0.02

IN_LOOP_BYTES = 256 * 1024
"""Files up to this size are read in the event loop: a thread costs more than the read."""


class ProjectDisk:
    """Folder, writer and ignore rules of one project."""

    def __init__(
        self, folder: Folder, writer: Writer, *, max_file_bytes: int, sends_only: bool = False
    ) -> None:
        """``sends_only``: nothing is changed on disk, ever."""
        self._sends_only = sends_only
        self.folder = folder
        self.writer = writer
        self.max_file_bytes = max_file_bytes
        self._git = GitIndex(folder.root)
        self.rules: IgnoreRules = load_rules(folder)
        self.swapped = asyncio.Event()
        """Set whenever a file was swapped out: it is to be looked at again soon."""

    def reload_rules(self) -> None:
        """An ignore file changed."""
        self.rules = load_rules(self.folder)

    def why_ignored(self, path: ProjectPath, *, is_folder: bool = False) -> str | None:
        """The sentence that names the rule by which a path is not shared, or None."""
        return self.rules.why_ignored(path, is_folder)

    def is_ignored(self, path: ProjectPath, is_folder: bool) -> bool:
        """True when a rule leaves the path out."""
        return self.rules.why_ignored(path, is_folder) is not None

    def walk(self) -> list[tuple[ProjectPath, FileStat]]:
        """Every file and folder that the rules let through, a folder before its files."""
        return list(walk_all(self.folder, self.is_ignored))

    def is_checkout(self, snapshot: Snapshot) -> bool:
        """True when git put these bytes there."""
        return self._git.wrote(snapshot)

    def exists(self, path: ProjectPath) -> bool:
        """True when there is something of that name."""
        try:
            return self.folder.stat(path) is not None
        except HeldError:
            return True

    def is_folder(self, path: ProjectPath) -> bool:
        """True when the name is a folder."""
        try:
            found = self.folder.stat(path)
        except HeldError:
            return False
        return found is not None and found.kind == "folder"

    async def read(self, path: ProjectPath) -> Snapshot | None:
        """The file now; see ``Folder.read``."""
        found = self.folder.stat(path)
        if found is None:
            return None
        if found.size <= IN_LOOP_BYTES:
            return self.folder.read(path, max_bytes=self.max_file_bytes)
        return await asyncio.to_thread(self.folder.read, path, max_bytes=self.max_file_bytes)

    async def read_finished(self, path: ProjectPath, *, known_size: int) -> Snapshot | None:
        """The file, when nobody seems to be in the middle of a save; after some seconds as it is.

        ``known_size`` is how many bytes it had. Who looks by himself, and not because a save was
        told and has settled, may find a file that was just emptied to be written anew, or a name
        that is away for a moment.
        """
        loop = asyncio.get_running_loop()
        give_up = loop.time() + OPEN_WRITER_S
        seen, quiet_since = await self.read(path), loop.time()
        while loop.time() < give_up:
            waited = loop.time() - quiet_since
            if seen is None and (not known_size or waited >= ABSENT_S):
                break
            if seen is not None and self._is_finished(seen, known_size, waited):
                break
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            before, seen = seen, await self.read(path)
            if _digest(seen) != _digest(before):
                quiet_since = loop.time()
        return seen

    def _is_finished(self, seen: Snapshot, known_size: int, quiet_seconds: float) -> bool:
        writes = self.folder.somebody_writes(seen.path)
        is_short = seen.stat.size < known_size
        if writes is False and not (is_short and seen.stat.size == 0):
            return True
        return writes is not True and (not is_short or quiet_seconds >= QUIET_S)

    async def is_deleted(self, path: ProjectPath, *, known_size: int) -> bool:
        """True when there is no such file, also not after the moment that a save may take."""
        if self.exists(path):
            return False
        try:
            return await self.read_finished(path, known_size=max(1, known_size)) is None
        except HeldError:
            return False

    async def write(self, path: ProjectPath, data: bytes, *, expected: Snapshot | None) -> Written:
        """Replace the file in one step; see ``Writer.write``."""
        if self._sends_only:
            raise only_sends(path)
        try:
            return await asyncio.to_thread(self.writer.write, path, data, expected=expected)
        finally:
            self.swapped.set()

    async def create(self, path: ProjectPath, data: bytes) -> Snapshot | None:
        """Write a new file; None when somebody was faster."""
        try:
            written = await self.write(path, data, expected=None)
        except HeldError as error:
            if error.code == "name-collision":
                return None
            raise
        digest = hashlib.sha256(data).hexdigest()
        return Snapshot(path=path, stat=written.stat, data=data, digest=digest)

    async def remove(self, path: ProjectPath, *, expected: Snapshot) -> Snapshot | None:
        """Remove the file if it still is ``expected``; see ``Folder.remove_file``."""
        if self._sends_only:
            raise only_sends(path)
        try:
            return await asyncio.to_thread(self.folder.remove_file, path, expected)
        finally:
            self.swapped.set()

    async def rename(self, old: ProjectPath, new: ProjectPath) -> bool:
        """Give a file another name; False when that name is taken or the file is gone.

        Raises:
            HeldError: the disk has trouble that may pass; nothing was renamed.
        """
        if self._sends_only:
            return False
        try:
            await asyncio.to_thread(self.folder.rename, old, new)
        except HeldError as error:
            if error.code in PASSING_TROUBLE:
                raise
            return False
        except (RtcdError, OSError):
            return False
        return True

    async def make_folder(self, path: ProjectPath) -> None:
        """Create a folder and those above it."""
        if self._sends_only:
            return
        await asyncio.to_thread(self.folder.make_folder, path)

    async def remove_folder(self, path: ProjectPath) -> None:
        """Remove a folder if nothing is in it."""
        if self._sends_only:
            return
        try:
            await asyncio.to_thread(self.folder.remove_folder, path)
        except (RtcdError, OSError):
            return


def _digest(snapshot: Snapshot | None) -> str | None:
    return None if snapshot is None else snapshot.digest
