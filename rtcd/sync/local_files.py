"""What the news of the folder means: saves, files held, gone, renamed, and new folders.

Theory of operation. A save of a file with a binding goes to the binding. One without is compared
by digest with its bookmark (what both sides had): a file that was never shared is given to the
server as it is, one that differs gets a binding. While the server was never reached, what happens is
only noted: the first contact compares every file.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.formats import kind_of, parse
from rtcd.errors import (
    HeldError,
    NotFoundOnServerError,
    RtcdError,
    ServerError,
    ServerUnreachableError,
)
from rtcd.project_path import ProjectPath
from rtcd.sync.one_way import only_receives

if TYPE_CHECKING:
    from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")


class LocalFiles:
    """Hears of the disk (``local_side``) and follows it."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.reads_are_told = False

    def believed_stat(self, path: ProjectPath) -> FileStat | None:
        """What we think the file looks like, to skip work in a rescan."""
        binding = self._project.bindings.get(path)
        if binding is not None and binding.file.snapshot is not None:
            return binding.file.snapshot.stat
        known = self._project.files.get(path)
        return known.stat if known else None

    def believed_digest(self, path: ProjectPath) -> str | None:
        """The digest of the bytes we think are on disk; None for a name that is new to us."""
        binding = self._project.bindings.get(path)
        if binding is not None and binding.file.snapshot is not None:
            return None if binding.file.hold else binding.file.snapshot.digest
        known = self._project.files.get(path)
        return known.digest if known else None

    def believed_bytes(self, path: ProjectPath, *, longer_than: int) -> bytes | None:
        """The bytes we think are on disk; not looked up when they are not longer than that."""
        binding = self._project.bindings.get(path)
        if binding is not None and binding.file.snapshot is not None:
            return binding.file.snapshot.data
        known = self._project.files.get(path)
        if known is None or known.stat is None or known.digest is None:
            return None
        if known.stat.size <= longer_than:
            return None
        return self._project.history.blob(known.digest)

    def file_touched(self, snapshot: Snapshot) -> None:
        """The file was looked at and holds what we knew."""
        path = snapshot.path
        self._project.deletions.returned(path)
        self._project.files.seen(path, kind_of(path), snapshot.stat, snapshot.digest)
        binding = self._project.bindings.get(path)
        if binding is not None and binding.file.snapshot is not None:
            binding.file.snapshot = snapshot
        self._project.pairs.rooms.file_seen(snapshot)

    def file_saved(self, snapshot: Snapshot, *, git: bool = False) -> None:
        """A settled file was read: a save, our own write, or nothing new."""
        path = snapshot.path
        self._project.deletions.returned(path)
        self._project.bindings.take_back(path)
        self._project.files.seen(path, kind_of(path), snapshot.stat, snapshot.digest)
        if path in self._project.pairs.on_server:
            self._project.pairs.on_server.came_back(path)
        self._project.pairs.note(snapshot)
        self._project.pairs.rooms.file_seen(snapshot)
        binding = self._project.bindings.get(path)
        if binding is not None:
            binding.disk_changed(snapshot, git=git)
            return
        if self._project.awaits_server:
            self.understood(snapshot)
            self._project.note_change()
            return
        mark = self._project.history.bookmark(str(path))
        is_known = mark is not None and mark.base_digest == snapshot.digest
        if is_known or self._project.without_room.is_arriving(snapshot):
            return
        if not self.understood(snapshot):
            return
        if self._project.receives_only:
            self.file_held(path, only_receives(path), snapshot.stat)
        elif mark is None and not self._project.pairs.is_text(path):
            self._project.spawn(self._share_new(snapshot), path=path)
        elif self._project.without_room.may_carry(snapshot):
            self._project.spawn(self._project.without_room.carry(snapshot, git=git), path=path)
        else:
            binding = self._project.activate(path)
            if git:
                binding.met_by_git()

    def understood(self, snapshot: Snapshot) -> bool:
        """A file without a room is held here; one with a room is held by its binding."""
        try:
            parse(kind_of(snapshot.path), snapshot.data)
        except HeldError as error:
            self.file_held(snapshot.path, error, snapshot.stat)
            return False
        return True

    async def _share_new(self, snapshot: Snapshot) -> None:
        """A file that was never shared: the server gets it, byte for byte, and no room is opened."""
        path = snapshot.path
        if self._project.link.is_host and path in self._project.bindings.deleted:
            # Its room may live on with what was deleted: the new file must meet it.
            self._project.bindings.deleted.discard(path)
            self._project.activate(path)
        elif self._project.link.is_host:
            self._project.ledger(path).record(snapshot, by=self._project.saver, source="disk")
            self._project.ledger(path).mark(snapshot, saved=True, server_hash=snapshot.digest)
            await self._project.link.created(path, snapshot.digest)
        elif await self.create_remote(snapshot):
            self._project.ledger(path).record(snapshot, by=self._project.saver, source="disk")
            self._project.ledger(path).mark(snapshot, saved=True, server_hash=snapshot.digest)

    async def create_remote(self, snapshot: Snapshot) -> bool:
        """Give the server a file; where it has another of that name, both are joined in its room."""
        try:
            await self._project.link.create(snapshot.path, snapshot.data)
        except ServerError as error:
            if error.code != "exists":
                raise
            entry = await self._project.link.stat(snapshot.path)
            if entry is None or entry.hash != snapshot.digest:
                self._project.activate(snapshot.path)
                return False
        return True

    def file_held(self, path: ProjectPath, error: HeldError, stat: FileStat | None) -> None:
        """The file cannot be shared as it is; its bytes stay untouched."""
        self._project.files.held(path, kind_of(path), error, stat)
        binding = self._project.bindings.get(path)
        if binding is not None:
            binding.disk_unreadable(error)
        self._project.note_change()

    def file_gone(self, path: ProjectPath) -> None:
        """A name has vanished and stayed away."""
        if path in self._project.pairs.on_server:
            return
        if self._project.awaits_server and path not in self._project.bindings:
            self._project.files.forget(path)
            self._project.note_change()
        elif path in self._project.files or path in self._project.bindings:
            self._project.deletions.vanished(path)
        elif path in self._project.folders:
            self._project.folders.discard(path)
            self._project.spawn(self._delete_folder(path), path=None)

    async def _delete_folder(self, path: ProjectPath) -> None:
        await self._project.deletions.settled(path)
        if self._project.deletions.halted or self._project.disk.exists(path):
            return
        with contextlib.suppress(RtcdError):
            await self._project.link.delete(path)

    def deletion_believed(self, path: ProjectPath) -> None:
        """The deletion is no accident: carry it on, unless somebody edited the file."""
        if self._project.disk.exists(path):
            return  # it is there again, and the word of it is on its way
        if self._project.pairs.is_text(path):
            self._project.pairs.faces.deleted(path)
            return
        binding = self._project.bindings.get(path)
        if binding is not None:
            binding.disk_gone()
        elif self._project.receives_only:
            self._project.files.forget(path)
            self._project.spawn(self._fetch_again(path), path=path)
        else:
            self._project.spawn(self._delete_remote(path), path=path)

    async def _fetch_again(self, path: ProjectPath) -> None:
        await self._project.remote.fetch(path)

    async def _delete_remote(self, path: ProjectPath) -> None:
        mark = self._project.history.bookmark(str(path))
        if not self._project.link.is_host and mark is not None:
            entry = await self._project.link.stat(path)
            if entry is not None and entry.hash != mark.server_hash:
                self._project.activate(path)
                return
        if mark is not None:
            self._keep_last(path, mark.base_digest)
        await self._project.link.delete(path)
        self._project.files.forget(path)
        self._project.history.forget(str(path))

    def _keep_last(self, path: ProjectPath, digest: str) -> None:
        """What is about to be deleted everywhere is a version, so that it can be had again."""
        history = self._project.history
        data = history.blob(digest)
        if data is not None:
            now = self._project.clock()
            history.record_version(str(path), data, by="the server", source="server", at=now)

    async def put_back(self, path: ProjectPath) -> None:
        """Write a vanished file again, from the last version that is kept."""
        versions = self._project.history.versions(str(path))
        data = self._project.history.blob(versions[-1].digest) if versions else None
        binding = self._project.bindings.get(path)
        if data is None and binding is not None and binding.file.snapshot is not None:
            data = binding.file.snapshot.data
        if data is None:
            raise RtcdError(
                f"no version of {path} is kept", hint="`rtcd history` lists all versions."
            )
        await self._project.disk.create(path, data)

    def watch_reads(self, told: bool) -> None:
        """From now on the watcher tells of reads, or does not; until now some may be missing."""
        self.reads_are_told = told
        for binding in list(self._project.bindings.values()):
            binding.reads_were_missed()

    def file_read(self, path: ProjectPath) -> None:
        """Somebody other than us read a file."""
        binding = self._project.bindings.get(path)
        if binding is not None:
            binding.file_read()

    def file_moved(self, old: ProjectPath, new: ProjectPath) -> bool:
        """A rename on disk; False when it is none of ours (then both names are looked at)."""
        if (
            not self._project.is_known(old)
            or self._project.is_known(new)
            or self._project.disk.exists(old)
            or self._project.receives_only
            or self._project.awaits_server
        ):
            return False
        if kind_of(old) != kind_of(new) or self._project.pairs.is_text(old):
            return False
        self._project.rename_here(old, new)
        if self._project.link.awaited_renames.old_name(new) != old:
            self._project.spawn(self._rename_remote(old, new), path=new)
        # Else we have just followed somebody's rename, and hear of it before that is noted.
        return True

    async def _rename_remote(self, old: ProjectPath, new: ProjectPath) -> None:
        try:
            await self._project.link.rename(old, new)
        except RtcdError as error:
            is_passing = not isinstance(error, NotFoundOnServerError)
            if isinstance(error, ServerUnreachableError) or (
                is_passing and not self._project.link.is_host
            ):
                self._project.retries.add_rename(old, new, error)
                raise
            log.info("rename not carried on old=%s new=%s reason=%s", old, new, error)
            await self._project.remote.check(new)
            await self._forget_if_gone(old)

    async def _forget_if_gone(self, path: ProjectPath) -> None:
        if not self._project.disk.exists(path):
            with contextlib.suppress(RtcdError):
                await self._project.link.delete(path)

    def folder_appeared(self, path: ProjectPath) -> None:
        """A folder is there; the server gets it too."""
        if path in self._project.folders or self._project.awaits_server:
            return
        self._project.folders.add(path)
        self._project.spawn(self._project.link.make_folder(path))
