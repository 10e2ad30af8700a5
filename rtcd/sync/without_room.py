"""Changes of files that nobody works on, exchanged without a room.

Theory of operation. A checkout or a formatter changes a thousand files at once, and a room for each
costs a server a hundred times what the change does. A room is needed where two people meet; where
nobody has a document open, and one side has just what both had last, the change of the other is the
whole truth. So when rooms cannot be opened as fast as files change, such changes go by themselves:

* ``carry``: a save here. On a host it is told to the others; a guest asks the server to put it in the
  place of the version that both had, which is refused where somebody has the document open, or where
  that version is not there any more.
* ``follow``: the server's file has changed, and ours has not.
* ``take``: on a host, a guest's save, brought by the server.

A save that may have been made from an older version (``older_versions``), and everything that is
refused, takes a room, as does every save when there is no crowd. Nothing else is done to a file
meanwhile: a binding that begins waits for the end of it (``ended``).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import kind_of, parse
from rtcd.errors import HeldError, RtcdError
from rtcd.history.bookmark import Bookmark
from rtcd.project_path import ProjectPath
from rtcd.server.offered_changes import Answer
from rtcd.sync.older_versions import is_made_from_last
from rtcd.sync.server_link import JOINS_AT_ONCE

if TYPE_CHECKING:
    from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")


class WithoutRoom:
    """Exchanges whole contents, one exchange at a time for each file.

    ``crowd``: so many rooms being opened at once are a crowd.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self.crowd = JOINS_AT_ONCE
        self._ended: dict[ProjectPath, asyncio.Event] = {}
        self._arriving: dict[ProjectPath, str] = {}

    # ------------------------------------------------------------------ what is so

    def is_crowded(self) -> bool:
        """True while more files change than rooms can be opened for at once, or be kept open."""
        bindings = self._project.bindings
        return bindings.joining() >= self.crowd or bindings.are_many() or bool(self._ended)

    def is_arriving(self, snapshot: Snapshot) -> bool:
        """True for a content that is being written here now: no save of anybody here."""
        return self._arriving.get(snapshot.path) == snapshot.digest

    async def ended(self, path: ProjectPath) -> None:
        """Returns when no exchange of this file is under way."""
        while path in self._ended:
            await self._ended[path].wait()

    def _shared(self, path: ProjectPath) -> Bookmark | None:
        """What both sides had last, of a file that may go without a room; else None."""
        project = self._project
        if path in project.bindings or path in self._ended or not project.link.offers_changes:
            return None
        if project.pairs.is_paired(path) or path in project.pairs.on_server:
            return None
        known, mark = project.files.get(path), project.history.bookmark(str(path))
        if known is None or known.hold is not None or mark is None:
            return None
        # Where they are the same document in other bytes, each side keeps its own.
        is_same_bytes = project.link.is_host or mark.base_digest == mark.server_hash
        return mark if is_same_bytes else None

    @contextmanager
    def _exchanging(self, path: ProjectPath) -> Iterator[None]:
        ended = self._ended[path] = asyncio.Event()
        try:
            yield
        finally:
            self._arriving.pop(path, None)
            del self._ended[path]
            ended.set()

    # ------------------------------------------------------------------ a save here

    def may_carry(self, snapshot: Snapshot) -> bool:
        """True for a save of a file that may go without a room."""
        return self.is_crowded() and self._shared(snapshot.path) is not None

    async def carry(self, snapshot: Snapshot, *, git: bool) -> None:
        """Let the others have a save; where that needs a room, its binding is begun."""
        path = snapshot.path
        mark = self._shared(path)
        if mark is None:
            self._meet(path, git=git)
            return
        with self._exchanging(path):
            is_done = await self._carry(snapshot, mark, git=git)
        if not is_done:
            self._meet(path, git=git)

    def _meet(self, path: ProjectPath, *, git: bool) -> None:
        binding = self._project.activate(path)
        if git:
            binding.met_by_git()

    async def _carry(self, snapshot: Snapshot, mark: Bookmark, *, git: bool) -> bool:
        """True when the others have it, or will hear of it."""
        project, path = self._project, snapshot.path
        ledger = project.ledger(path)
        known = ledger.versions_on_disk()
        saved = parse(kind_of(path), snapshot.data)
        if not is_made_from_last(known, saved, git=git, now=project.clock()):
            return False
        try:
            answer = await project.link.replace(path, snapshot.data, expected=mark.base_digest)
        except RtcdError as error:
            log.info("save not carried path=%s reason=%s", path, error)
            # It may have been done, and the answer lost: then the room has this very version.
            ledger.record(snapshot, by=project.saver_of(git=git), source="disk")
            return False
        if answer is not Answer.TAKEN:
            return False
        ledger.record(snapshot, by=project.saver_of(git=git), source="disk")
        ledger.mark(snapshot, saved=True, server_hash=snapshot.digest)
        if project.link.is_host:
            await project.link.changed(path, snapshot.digest)
        return True

    # ------------------------------------------------------------------ the server's file

    def may_follow(self, path: ProjectPath) -> bool:
        """True for a file whose changes by others may come without a room."""
        return self.is_crowded() and self._shared(path) is not None

    async def follow(self, path: ProjectPath, *, by: str, digest: str | None = None) -> bool:
        """Take what the server has in the place of what both had; False where that needs more.

        For a file that nobody has open: who has it open is to be met in its room.

        ``digest`` is what the server is said to have (sha256, hex).

        Raises:
            ServerUnreachableError: there is no server now.
        """
        mark, known = self._shared(path), self._project.files.get(path)
        if mark is None or known is None or self._project.link.is_host:
            return False
        if known.digest != mark.base_digest:
            return False
        if digest is not None and digest == mark.server_hash:
            return True
        with self._exchanging(path):
            data = await self._project.link.read_offered(path)
            if data is None:
                return False
            if hashlib.sha256(data).hexdigest() == mark.server_hash:
                return True
            return await self._replace_here(path, data, expected=mark.base_digest, by=by)

    # ------------------------------------------------------------------ on a host: a guest's

    async def take(self, path: ProjectPath, data: bytes, *, expected: str, by: str) -> Answer:
        """Put a guest's save in the place of the version ``expected`` (sha256, hex)."""
        mark = self._shared(path)
        if mark is None:
            return Answer.NOT_HERE
        if mark.base_digest != expected:
            return Answer.DIFFERS
        with self._exchanging(path):
            if not await self._replace_here(path, data, expected=expected, by=by):
                return Answer.DIFFERS
        await self._project.link.changed(path, hashlib.sha256(data).hexdigest(), by=by)
        return Answer.TAKEN

    async def _replace_here(
        self, path: ProjectPath, data: bytes, *, expected: str, by: str
    ) -> bool:
        """Write it, if the disk has what is ``expected``; a save that came first meets it in a room."""
        project = self._project
        try:
            parse(kind_of(path), data)
            before = await project.disk.read(path)
            if before is None or before.digest != expected:
                return False
            digest = self._arriving[path] = hashlib.sha256(data).hexdigest()
            written = await project.disk.write(path, data, expected=before)
        except HeldError as error:
            log.info("not written without a room path=%s reason=%s", path, error)
            return False
        snapshot = Snapshot(path=path, stat=written.stat, data=data, digest=digest)
        project.files.seen(path, kind_of(path), snapshot.stat, snapshot.digest)
        ledger = project.ledger(path)
        ledger.record(snapshot, by=by or "the server", source="room")
        ledger.mark(snapshot, saved=True, server_hash=snapshot.digest)
        project.pairs.note(snapshot)
        project.note_change()
        if written.displaced is not None:
            project.activate(path).late_save(written.displaced)
        return True
