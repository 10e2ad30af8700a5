"""All files of one folder: which are known, which have a binding, and who hears of what.

Two sides report here. ``local_side`` says what happened on disk (settled saves, vanished files,
renames); ``server_side`` says what happened on the server (somebody joined a room, files came,
went, were renamed); what that means for a file without a room is in ``remote_files``. A file that
nobody works on has no binding: it is compared by digest only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.formats import kind_of, parse
from rtcd.errors import HeldError, RtcdError, ServerError
from rtcd.history.history import History
from rtcd.problem import Problem
from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.deletions import Deletions
from rtcd.sync.known_files import KnownFiles
from rtcd.sync.ledger import Ledger
from rtcd.sync.open_file import BindingState
from rtcd.sync.ports import Clock
from rtcd.sync.project_disk import ProjectDisk
from rtcd.sync.remote_files import RemoteFiles
from rtcd.sync.server_link import ServerLink

log = logging.getLogger("rtcd.sync")

FIRST_RETRY_SECONDS = 0.25
FAILURE_WINDOW_SECONDS = 60.0
MAX_FAILURES = 3


class Project:
    """The one owner of what is known of the folder. All methods run in one event loop."""

    def __init__(
        self,
        *,
        disk: ProjectDisk,
        link: ServerLink,
        history: History,
        clock: Clock,
        quiet_seconds: float = 60.0,
    ) -> None:
        self.disk = disk
        self.link = link
        self.history = history
        self.clock = clock
        self.files = KnownFiles()
        self.bindings: dict[ProjectPath, Binding] = {}
        self.deletions = Deletions(self, clock)
        self.remote = RemoteFiles(self)
        self.problems: dict[tuple[str | None, str], Problem] = {}
        self.seq = 0
        self._began = clock()
        self.folders: set[ProjectPath] = set()
        self._quiet_seconds = quiet_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._busy: dict[ProjectPath, int] = {}
        self._failures: dict[ProjectPath, list[float]] = {}
        self._closing = False

    # ------------------------------------------------------------------ telling those who watch

    def note_change(self) -> None:
        """Something was written, sent, received or recorded."""
        self.seq += 1
        self._changed.set()

    async def changed(self, seen: int, timeout: float) -> None:
        """Returns when ``seq`` is above ``seen``, or after ``timeout`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self.seq <= seen:
                    self._changed.clear()
                    await self._changed.wait()

    def report(self, code: str, error: RtcdError, path: ProjectPath | None = None) -> None:
        """Keep a problem until it is cleared."""
        where = str(path) if path else None
        self.problems[where, code] = Problem(where, code, error.message, error.hint, self.clock())
        self.note_change()

    def clear(self, code: str, path: ProjectPath | None = None) -> None:
        """The trouble is over."""
        if self.problems.pop((str(path) if path else None, code), None) is not None:
            self.note_change()

    # ------------------------------------------------------------------ tasks

    def spawn(
        self,
        work: Coroutine[Any, Any, None],
        *,
        path: ProjectPath | None = None,
        problem_path: ProjectPath | None = None,
    ) -> None:
        """Do something beside everything else; its trouble stays its own.

        ``path`` counts as busy meanwhile; ``problem_path`` is only named in a problem.
        """
        if path is not None:
            self._busy[path] = self._busy.get(path, 0) + 1
        guarded = self._guard(work, path, path or problem_path)
        task = asyncio.get_running_loop().create_task(guarded)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(
        self,
        work: Coroutine[Any, Any, None],
        path: ProjectPath | None,
        problem_path: ProjectPath | None,
    ) -> None:
        try:
            await work
        except RtcdError as error:
            self.report(error.code, error, problem_path)
            log.warning("work not done path=%s reason=%s", problem_path, error)
        except Exception:  # the edge of a task: one file's bug must not stop the others
            log.exception("bug path=%s", problem_path)
            bug = RtcdError(
                "rtcd ran into a bug of its own; the file was left as it is",
                hint="The traceback is in the daemon's log; `rtcd doctor` names it.",
            )
            self.report("bug", bug, problem_path)
        finally:
            if path is not None:
                self._busy[path] -= 1
                if not self._busy[path]:
                    del self._busy[path]
            self.note_change()

    def is_busy(self, path: ProjectPath) -> bool:
        """True while work for a file without a binding is under way."""
        return path in self._busy

    def busy_paths(self) -> list[ProjectPath]:
        """The files that are being worked on without a binding."""
        return list(self._busy)

    async def close(self, timeout: float) -> None:
        """Let every binding write and send what is left; cancel what takes too long."""
        self._closing = True
        for binding in list(self.bindings.values()):
            binding.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=timeout)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=2)

    # ------------------------------------------------------------------ bindings

    def activate(self, path: ProjectPath) -> Binding:
        """The binding of a file, begun if there is none."""
        binding = self.bindings.get(path)
        if binding is not None:
            return binding
        binding = Binding(
            path,
            kind_of(path),
            disk=self.disk,
            rooms=self.link,
            history=self.history,
            clock=self.clock,
            on_change=self.note_change,
            quiet_seconds=self._quiet_seconds,
            user=self.link.user["name"],
            began=self._began,
        )
        self.bindings[path] = binding
        self.spawn(self._run_binding(binding), problem_path=path)
        return binding

    async def _run_binding(self, binding: Binding) -> None:
        failed = True
        try:
            await binding.run()
            failed = False
        finally:
            if self.bindings.get(binding.path) is binding:
                del self.bindings[binding.path]
            self._after_binding(binding)
            if failed:
                self._try_again_later(binding.path)

    def _try_again_later(self, path: ProjectPath) -> None:
        """A bug ended a binding: begin anew after a while, and leave the file alone in the end."""
        now = self.clock()
        recent = [at for at in self._failures.get(path, ()) if now - at < FAILURE_WINDOW_SECONDS]
        self._failures[path] = [*recent, now]
        if len(recent) >= MAX_FAILURES:
            self.file_held(
                path,
                HeldError(
                    f"{path} was set aside after rtcd failed on it several times",
                    hint="Change the file or run `rtcd stop` and `rtcd start`; please report it.",
                    code="quarantined",
                ),
                None,
            )
            return
        delay = FIRST_RETRY_SECONDS * 4 ** len(recent)
        asyncio.get_running_loop().call_later(delay, self._begin_anew, path)

    def _begin_anew(self, path: ProjectPath) -> None:
        if not self._closing:
            self.clear("bug", path)
            self.activate(path)

    def _after_binding(self, binding: Binding) -> None:
        snapshot = binding.file.snapshot
        if binding.ended is BindingState.GONE:
            self.files.forget(binding.path)
            self.history.forget(str(binding.path))
        elif binding.file.hold is not None:
            stat = snapshot.stat if snapshot else None
            self.files.held(binding.path, binding.kind, binding.file.hold, stat)
        elif snapshot is not None:
            self.files.seen(binding.path, binding.kind, snapshot.stat, snapshot.digest)

    @property
    def saver(self) -> str:
        """Who saves in this folder, as the history names it."""
        return f"{self.link.user['name']} (local save)"

    def ledger(self, path: ProjectPath) -> Ledger:
        """The memory of one file."""
        return Ledger(path, kind_of(path), self.history, self.clock)

    # ------------------------------------------------------------------ the disk's side

    def believed_stat(self, path: ProjectPath) -> FileStat | None:
        """What we think the file looks like, to skip work in a rescan."""
        binding = self.bindings.get(path)
        if binding is not None and binding.file.snapshot is not None:
            return binding.file.snapshot.stat
        known = self.files.get(path)
        return known.stat if known else None

    def believed_digest(self, path: ProjectPath) -> str | None:
        """The digest of the bytes we think are on disk; None for a name that is new to us."""
        binding = self.bindings.get(path)
        if binding is not None and binding.file.snapshot is not None:
            return None if binding.file.hold else binding.file.snapshot.digest
        known = self.files.get(path)
        return known.digest if known else None

    def believed_bytes(self, path: ProjectPath, *, longer_than: int) -> bytes | None:
        """The bytes we think are on disk; not looked up when they are not longer than that."""
        binding = self.bindings.get(path)
        if binding is not None and binding.file.snapshot is not None:
            return binding.file.snapshot.data
        known = self.files.get(path)
        if known is None or known.stat is None or known.digest is None:
            return None
        if known.stat.size <= longer_than:
            return None
        return self.history.blob(known.digest)

    def file_touched(self, snapshot: Snapshot) -> None:
        """The file was looked at and holds what we knew."""
        path = snapshot.path
        self.deletions.returned(path)
        self.files.seen(path, kind_of(path), snapshot.stat, snapshot.digest)
        binding = self.bindings.get(path)
        if binding is not None and binding.file.snapshot is not None:
            binding.file.snapshot = snapshot

    def file_saved(self, snapshot: Snapshot, *, git: bool = False) -> None:
        """A settled file was read: a save, our own write, or nothing new."""
        path = snapshot.path
        self.deletions.returned(path)
        self.files.seen(path, kind_of(path), snapshot.stat, snapshot.digest)
        binding = self.bindings.get(path)
        if binding is not None:
            binding.disk_changed(snapshot, git=git)
            return
        mark = self.history.bookmark(str(path))
        if mark is not None and mark.base_digest == snapshot.digest:
            return
        if not self.understood(snapshot):
            return
        if mark is None:
            self.spawn(self._share_new(snapshot), path=path)
        else:
            binding = self.activate(path)
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
        if self.link.is_host:
            self.ledger(path).record(snapshot, by=self.saver, source="disk")
            self.ledger(path).mark(snapshot, saved=True, server_hash=snapshot.digest)
            await self.link.created(path)
            return
        if not await self.create_remote(snapshot):
            return
        self.ledger(path).record(snapshot, by=self.saver, source="disk")
        self.ledger(path).mark(snapshot, saved=True, server_hash=snapshot.digest)

    async def create_remote(self, snapshot: Snapshot) -> bool:
        """Give the server a file; where it has another of that name, both are joined in its room."""
        try:
            await self.link.create(snapshot.path, snapshot.data)
        except ServerError as error:
            if error.code != "exists":
                raise
            entry = await self.link.stat(snapshot.path)
            if entry is None or entry.hash != snapshot.digest:
                self.activate(snapshot.path)
                return False
        return True

    def file_held(self, path: ProjectPath, error: HeldError, stat: FileStat | None) -> None:
        """The file cannot be shared as it is; its bytes stay untouched."""
        self.files.held(path, kind_of(path), error, stat)
        binding = self.bindings.get(path)
        if binding is not None:
            binding.disk_unreadable(error)
        self.note_change()

    def file_gone(self, path: ProjectPath) -> None:
        """A name has vanished and stayed away."""
        if path in self.files or path in self.bindings:
            self.deletions.vanished(path)
        elif path in self.folders:
            self.folders.discard(path)
            self.spawn(self._delete_folder(path), path=None)

    async def _delete_folder(self, path: ProjectPath) -> None:
        await self.deletions.settled(path)
        if self.deletions.halted or self.disk.exists(path):
            return
        with contextlib.suppress(RtcdError):
            await self.link.delete(path)

    def deletion_believed(self, path: ProjectPath) -> None:
        """The deletion is no accident: carry it on, unless somebody edited the file."""
        binding = self.bindings.get(path)
        if binding is not None:
            binding.disk_gone()
        else:
            self.spawn(self._delete_remote(path), path=path)

    async def _delete_remote(self, path: ProjectPath) -> None:
        mark = self.history.bookmark(str(path))
        if not self.link.is_host and mark is not None:
            entry = await self.link.stat(path)
            if entry is not None and entry.hash != mark.server_hash:
                self.activate(path)
                return
        await self.link.delete(path)
        self.files.forget(path)
        self.history.forget(str(path))

    async def put_back(self, path: ProjectPath) -> None:
        """Write a vanished file again, from the last version that is kept."""
        versions = self.history.versions(str(path))
        data = self.history.blob(versions[-1].digest) if versions else None
        binding = self.bindings.get(path)
        if data is None and binding is not None and binding.file.snapshot is not None:
            data = binding.file.snapshot.data
        if data is None:
            raise RtcdError(
                f"no version of {path} is kept", hint="`rtcd history` lists all versions."
            )
        await self.disk.create(path, data)

    def file_read(self, path: ProjectPath) -> None:
        """Somebody other than us read a file."""
        binding = self.bindings.get(path)
        if binding is not None:
            binding.file_read()

    def file_moved(self, old: ProjectPath, new: ProjectPath) -> bool:
        """A rename on disk; False when it is none of ours (then both names are looked at)."""
        if old not in self.files or new in self.files or self.disk.exists(old):
            return False
        if kind_of(old) != kind_of(new):
            return False
        self.rename_here(old, new)
        self.spawn(self._rename_remote(old, new), path=new)
        return True

    async def _rename_remote(self, old: ProjectPath, new: ProjectPath) -> None:
        try:
            await self.link.rename(old, new)
        except RtcdError as error:
            log.info("rename not carried on old=%s new=%s reason=%s", old, new, error)
            await self.remote.check(new)
            await self._forget_if_gone(old)

    async def _forget_if_gone(self, path: ProjectPath) -> None:
        if not self.disk.exists(path):
            with contextlib.suppress(RtcdError):
                await self.link.delete(path)

    def rename_here(self, old: ProjectPath, new: ProjectPath) -> None:
        """What is known of a file goes under its new name: history and binding too."""
        self.files.move(old, new)
        self.history.move(str(old), str(new))
        binding = self.bindings.pop(old, None)
        if binding is not None:
            self.bindings[new] = binding
            binding.moved(new)
        self.note_change()

    def folder_appeared(self, path: ProjectPath) -> None:
        """A folder is there; the server gets it too."""
        if path in self.folders:
            return
        self.folders.add(path)
        self.spawn(self.link.make_folder(path))
