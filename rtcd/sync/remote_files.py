"""What the server's news about a file without a room means for the folder.

Theory of operation. News only says that something happened to a name. What follows is decided by
comparing digests: the bookmark (what both sides had), the local file, the server's entry. A file
that only the server has is written here, one that it has no more is removed here, and both only if
nobody edited in between; where both sides changed, the file gets a binding and they meet in its
room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import kind_of
from rtcd.errors import HeldError, RtcdError, ServerRefusedError, ServerUnreachableError
from rtcd.project_path import ProjectPath
from rtcd.rooms.news import Announcement

if TYPE_CHECKING:
    from rtcd.sync.project import Project


class RemoteFiles:
    """Follows the server's files, one comparison at a time for each."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._checks: dict[ProjectPath, bool] = {}
        self._said: dict[ProjectPath, Announcement] = {}

    def someone_joined(self, path: ProjectPath) -> None:
        """A room is live: be in it."""
        if self._project.pairs.is_text(path):
            if self._project.link.is_host:
                self._project.pairs.rooms.joined(path)
            else:
                self._project.report("paired-text-open", _text_open(path), path)
        elif (
            self._project.disk.why_ignored(path) is None
            and path not in self._project.link.awaited_renames
        ):
            self._project.activate(path)

    def is_comparing(self, path: ProjectPath) -> bool:
        """True while there is news of the file that has not been followed yet."""
        return path in self._checks

    async def changed(self, path: ProjectPath, said: Announcement) -> None:
        """Another daemon told that the server's file has changed, without a room.

        Raises:
            ServerUnreachableError: there is no server now.
            ServerRefusedError: it does not let us in any more.
        """
        self._said[path] = said
        await self.check(path)

    async def check(self, path: ProjectPath) -> None:
        """Compare one file that no room is open for with the server's.

        The same news comes by several ways: one comparison at a time, and one more after it. What
        fails is a problem of this file, and tried again.

        Raises:
            ServerUnreachableError: there is no server now.
            ServerRefusedError: it does not let us in any more.
        """
        if self._project.pairs.is_text(path):
            return
        if path in self._checks:
            self._checks[path] = True
            return
        self._checks[path] = True
        try:
            while self._checks[path]:
                self._checks[path] = False
                await self._check(path)
        except (ServerUnreachableError, ServerRefusedError):
            raise  # everything is compared when the server is back
        except RtcdError as error:
            # The others that are compared in the same round have nothing to do with it.
            self._project.report(error.code, error, path)
            self._project.retries.add(path, error)
        finally:
            del self._checks[path]

    async def _check(self, path: ProjectPath) -> None:
        if path in self._project.bindings or self._project.disk.why_ignored(path) is not None:
            return
        if self._is_being_renamed(path):
            return
        if await self._follow(path, self._said.pop(path, None)):
            return
        entry = await self._project.link.stat(path)
        if entry is None:
            await self.removed(path)
        elif entry.type == "directory":
            self._project.folders.add(path)
            await self._project.disk.make_folder(path)
        else:
            await self._compare(path, entry.hash)
            self._project.link.note_compared(path, entry)

    async def _follow(self, path: ProjectPath, said: Announcement | None) -> bool:
        """True when the server's file was taken without a room; not where one is open to be in."""
        without_room = self._project.without_room
        if said is not None:
            return await without_room.follow(path, by=said.by, digest=said.digest)
        if not without_room.may_follow(path) or await self._project.link.is_open(path):
            return False
        return await without_room.follow(path, by="")

    def _is_being_renamed(self, path: ProjectPath) -> bool:
        link = self._project.link
        return link.renames.is_old_name(path) or path in link.awaited_renames

    async def _compare(self, path: ProjectPath, server_hash: str | None) -> None:
        mark = self._project.history.bookmark(str(path))
        known = self._project.files.get(path)
        if mark is not None and mark.server_hash == server_hash and known is not None:
            return
        if known is None and not self._project.disk.exists(path):
            await self.fetch(path)
        elif known is None or known.digest != server_hash:
            self._project.activate(path)

    async def fetch(self, path: ProjectPath) -> str | None:
        """Write a file that only the server has; the digest of the server's bytes."""
        if path in self._project.pairs.on_server:
            self._project.activate(path)
            return None
        data = await self._project.link.read(path)
        if data is None:
            return None
        snapshot = await self._project.disk.create(path, data)
        if snapshot is None:
            self._project.activate(path)
            return None
        self._project.files.seen(path, kind_of(path), snapshot.stat, snapshot.digest)
        self._project.ledger(path).record(snapshot, by="the server", source="server")
        self._project.ledger(path).mark(snapshot, saved=True, server_hash=snapshot.digest)
        self._project.local.understood(snapshot)
        self._project.pairs.note(snapshot)
        return snapshot.digest

    async def removed(self, path: ProjectPath) -> None:
        """The server has no such file any more: follow, unless it was edited here."""
        if self._project.pairs.is_text(path) or path in self._project.link.awaited_renames:
            return
        if path in self._project.folders or self._project.disk.is_folder(path):
            await self._remove_folder(path)
            return
        if not self._project.deletions.may_remove_local(path):
            return
        binding = self._project.bindings.get(path)
        if binding is not None:
            binding.removed_remotely()
            return
        mark = self._project.history.bookmark(str(path))
        snapshot = await self._read_finished(path)
        if snapshot is None:
            self._project.files.forget(path)
            self._project.history.forget(str(path))
        elif not self._project.local.understood(snapshot):
            return  # half of a save, or damaged: its owner has to look at it first
        elif mark is None or mark.base_digest != snapshot.digest:
            await self._project.link.create(path, snapshot.data)
            self._project.ledger(path).mark(snapshot, saved=True, server_hash=snapshot.digest)
        else:
            self._project.ledger(path).record(snapshot, by=self._project.saver, source="disk")
            if await self._project.disk.remove(path, expected=snapshot) is None:
                self._project.files.forget(path)
                self._project.history.forget(str(path))

    async def _remove_folder(self, path: ProjectPath) -> None:
        for inside in self._project.files.below(path):
            await self.removed(inside)
        self._project.folders.discard(path)
        await self._project.disk.remove_folder(path)

    async def _read_finished(self, path: ProjectPath) -> Snapshot | None:
        """The file, also when somebody is in the middle of a save."""
        known_size = self._project.ledger(path).known_size()
        try:
            return await self._project.disk.read_finished(path, known_size=known_size)
        except HeldError:
            return None

    async def renamed(self, old: ProjectPath, new: ProjectPath) -> None:
        """A rename on the server: the local file follows, its binding and history too.

        Raises:
            HeldError: the disk has trouble that may pass: the rename is awaited (``AwaitedRenames``).
        """
        awaited = self._project.link.awaited_renames
        old = awaited.end(old) or old
        if self._project.pairs.is_text(old):
            return
        disk = self._project.disk
        if disk.why_ignored(new, is_folder=disk.is_folder(old)) is not None:
            # No remote side makes a file of such a name here; for us it is gone.
            await self.removed(old)
        elif self._project.is_known(old) and not self._project.is_known(new):
            await self._known_file_renamed(old, new)
        elif disk.is_folder(old):
            await self._folder_renamed(old, new)
        else:
            awaited.end(new)
            await self.check(new)

    async def _known_file_renamed(self, old: ProjectPath, new: ProjectPath) -> None:
        """The file here follows; one that was just deleted here is deleted under its new name."""
        project = self._project
        awaited = project.link.awaited_renames
        awaited.begin(old, new)
        is_deleted = await project.disk.is_deleted(old, known_size=project.ledger(old).known_size())
        is_done = is_deleted or await project.disk.rename(old, new)
        awaited.end(new)
        if not is_done or project.is_known(new):
            await self.check(new)
            return
        project.rename_here(old, new)
        if is_deleted:
            project.deletions.returned(old)
            project.local.file_gone(new)

    async def _folder_renamed(self, old: ProjectPath, new: ProjectPath) -> None:
        for inside in self._project.files.below(old):
            moved = ProjectPath.parse(str(new) + str(inside)[len(str(old)) :])
            try:
                await self.renamed(inside, moved)
            except HeldError as error:
                # The files beside it can still follow.
                self._project.report(error.code, error, moved)
                self._project.retries.add(moved, error)
        await self._project.disk.remove_folder(old)


def _text_open(path: ProjectPath) -> RtcdError:
    return RtcdError(
        f"somebody has the server's own copy of {path} open",
        hint="What is typed there does not reach the notebook: open the notebook instead.",
    )
