"""What happens on disk, told to the project: notices settled into saves, and rescans.

Notices are hints. Whatever they say, the file is looked at; ``settle`` decides when what is
there may be believed. A rescan by stat finds what no notice told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random

from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import kind_of, parse
from rtcd.disk.notice import Notice, NoticeKind
from rtcd.disk.os_errors import PASSING_TROUBLE
from rtcd.disk.sensor import tells_reads, watch
from rtcd.disk.settle import Look, Settle, Verdict
from rtcd.errors import HaltedError, HeldError, RtcdError
from rtcd.project_path import ProjectPath
from rtcd.rooms.backoff import Backoff
from rtcd.sync.pending import Pending
from rtcd.sync.ports import Clock
from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")

RESCAN_SECONDS = 30.0
IGNORE_FILES = (".gitignore", ".rtcdignore")
SENSOR_RETRY_SECONDS = 1.0
LOOK_AGAIN = Backoff(first=0.25, longest=30.0)


class LocalSide:
    """Watches, settles, reads; holds no file's state beyond the moment."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project = project
        self._disk = project.disk
        self._settle = Settle()
        self._clock = clock
        self._wake = asyncio.Event()
        self._rescan_now = asyncio.Event()
        self._early: list[Notice] | None = []
        self._failed_looks: dict[ProjectPath, int] = {}
        self._is_degraded = False
        self.watching = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled; when it begins again after trouble, everything is looked at."""
        self._rescan_now.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._look_when_due())
            tasks.create_task(self._rescan_often())
            tasks.create_task(self._look_at_swapped_out())

    # ------------------------------------------------------------------ notices

    async def _watch(self) -> None:
        while True:
            try:
                async for batch in watch(self._disk.folder, self._is_ignored):
                    self.watching.set()
                    self._take(batch)
            except (OSError, RtcdError) as error:
                log.warning("sensor restarted reason=%s", error)
            self._is_degraded = False
            self._project.local.watch_reads(False)
            self._rescan_now.set()
            await asyncio.sleep(SENSOR_RETRY_SECONDS)

    def _is_ignored(self, path: ProjectPath, is_folder: bool) -> bool:
        if path.name in IGNORE_FILES:
            return False
        return self._disk.is_ignored(path, is_folder)

    def begin(self) -> None:
        """The whole folder was compared: from now on notices count, those of meanwhile first."""
        early, self._early = self._early, None
        self._take(early or [])

    def pause(self) -> None:
        """Keep notices for ``begin``: the whole folder is about to be compared."""
        if self._early is not None:
            return
        paths = self._settle.paths()
        self._early = [Notice(path, NoticeKind.MENTIONED) for path in paths]
        for path in paths:
            self._settle.forget(path)

    def _take(self, batch: list[Notice]) -> None:
        for notice in batch:
            if notice.what in (NoticeKind.RESCAN, NoticeKind.DEGRADED):
                is_whole = notice.what is NoticeKind.RESCAN and tells_reads()
                self._project.local.watch_reads(is_whole and not self._is_degraded)
                self._is_degraded = self._is_degraded or notice.what is NoticeKind.DEGRADED
        if self._early is not None:
            self._early.extend(notice for notice in batch if notice.what is not NoticeKind.RESCAN)
            return
        now = self._clock()
        for notice in batch:
            self._take_one(notice, now)
        self._look_at_due(now)
        self._wake.set()

    def _take_one(self, notice: Notice, now: float) -> None:
        match notice.what:
            case NoticeKind.RESCAN:
                self._rescan_now.set()
            case NoticeKind.ROOT_GONE:
                self._project.deletions.halt()
            case NoticeKind.UNNAMEABLE | NoticeKind.DEGRADED:
                self._report(notice)
            case NoticeKind.READ if notice.path is not None:
                self._project.local.file_read(notice.path)
            case NoticeKind.FOLDER_APPEARED if notice.path is not None:
                self._project.local.folder_appeared(notice.path)
            case _ if notice.path is not None:
                self._mention(notice, now)

    def _mention(self, notice: Notice, now: float) -> None:
        assert notice.path is not None
        if notice.path.name in IGNORE_FILES:
            self._disk.reload_rules()
            self._rescan_now.set()
            return
        moved_from = notice.moved_from
        if moved_from is not None and self._project.local.file_moved(moved_from, notice.path):
            self._settle.forget(moved_from)
        self._settle.notice(notice.path, notice.what, now)

    def _report(self, notice: Notice) -> None:
        code = notice.what.value
        message = notice.detail or f"a name in {notice.path or 'the project folder'} is not text"
        hint = "Rename the file." if notice.what is NoticeKind.UNNAMEABLE else "See `rtcd doctor`."
        self._project.report(code, RtcdError(message, hint=hint), notice.path)

    def pending(self) -> list[Pending]:
        """Files that were mentioned and are not settled yet."""
        return [Pending(path, "being looked at") for path in self._settle.paths()]

    # ------------------------------------------------------------------ looking

    async def _look_when_due(self) -> None:
        while True:
            deadline = self._settle.next_deadline()
            timeout = None if deadline is None else max(0.0, deadline - self._clock())
            try:
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            self._look_at_due(self._clock())

    def _look_at_due(self, now: float) -> None:
        for path in self._settle.due(now):
            self._look(path, now)

    def _look(self, path: ProjectPath, now: float) -> None:
        try:
            snapshot = self._disk.folder.read(path, max_bytes=self._disk.max_file_bytes)
        except HeldError as error:
            self._settle.forget(path)
            self._held(path, error)
            self._look_again_later(path, error)
            return
        self._failed_looks.pop(path, None)
        verdict = self._settle.looked(path, self._describe(path, snapshot), now)
        if verdict is Verdict.READY and snapshot is not None:
            self._project.local.file_saved(snapshot, git=self._disk.is_checkout(snapshot))
        elif verdict is Verdict.SAME and snapshot is not None:
            self._project.local.file_touched(snapshot)
        elif verdict is Verdict.GONE:
            self._project.local.file_gone(path)

    def _look_again_later(self, path: ProjectPath, error: HeldError) -> None:
        """A disk that failed once is asked again; less and less often while it goes on failing."""
        if error.code not in PASSING_TROUBLE:
            self._failed_looks.pop(path, None)
            return
        tries = self._failed_looks.get(path, 0) + 1
        self._failed_looks[path] = tries
        delay = LOOK_AGAIN.delay(tries, random.random())
        asyncio.get_running_loop().call_later(delay, self._look_again, path)

    def _look_again(self, path: ProjectPath) -> None:
        self._take([Notice(path, NoticeKind.MENTIONED)])

    def _held(self, path: ProjectPath, error: HeldError) -> None:
        if self._disk.is_folder(path):
            return
        try:
            stat = self._disk.folder.stat(path)
        except HeldError:
            stat = None
        self._project.local.file_held(path, error, stat)

    def _describe(self, path: ProjectPath, snapshot: Snapshot | None) -> Look:
        known_digest = self._project.local.believed_digest(path)
        if snapshot is None:
            return Look.of(None, None, known_digest)
        known = self._project.local.believed_bytes(path, longer_than=len(snapshot.data))
        return Look.of(
            snapshot,
            known,
            known_digest,
            parses=_parses(path, snapshot),
            writer=self._disk.folder.somebody_writes(path),
        )

    # ------------------------------------------------------------------ what notices missed

    async def _rescan_often(self) -> None:
        while True:
            try:
                async with asyncio.timeout(RESCAN_SECONDS):
                    await self._rescan_now.wait()
            except TimeoutError:
                pass
            self._rescan_now.clear()
            if self._early is None:
                await self.rescan()

    async def rescan(self) -> None:
        """Mention every file whose stat is not what we believe, and every one that is gone."""
        if not self._disk.folder.is_root_in_place():
            self._project.deletions.halt()
            self._project.report(
                "root-gone", HaltedError("the project folder is gone or was replaced")
            )
            return
        found = await asyncio.to_thread(self._disk.walk)
        if self._early is not None:
            return  # everything is compared anyway
        now = self._clock()
        seen: set[ProjectPath] = set()
        for path, stat in found:
            seen.add(path)
            if stat.kind == "folder":
                self._project.local.folder_appeared(path)
                continue
            believed = self._project.local.believed_stat(path)
            if believed is None or not believed.same_bytes_likely(stat):
                self._settle.notice(path, NoticeKind.MENTIONED, now)
        for path in [path for path in self._project.files if path not in seen]:
            self._settle.notice(path, NoticeKind.MENTIONED, now)
        self._look_at_due(now)
        self._wake.set()

    async def _look_at_swapped_out(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            next_look = self._disk.writer.next_look()
            timeout = None if next_look is None else max(0.01, next_look - loop.time())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._disk.swapped.wait()
            self._disk.swapped.clear()
            for snapshot in self._disk.writer.late_saves(loop.time()):
                binding = self._project.activate(snapshot.path)
                binding.late_save(snapshot)


def _parses(path: ProjectPath, snapshot: Snapshot) -> bool:
    if kind_of(path) != "notebook":
        return True
    try:
        parse("notebook", snapshot.data)
    except HeldError:
        return False
    return True
