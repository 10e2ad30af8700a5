"""Work for a file without a room that failed is owed: told as under way, and done in the end."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtcd.disk.file_stat import Snapshot
from rtcd.errors import HeldError, RtcdError, ServerError, ServerUnreachableError
from rtcd.history.bookmark import Bookmark
from rtcd.project_path import ProjectPath
from rtcd.sync import retries as module
from rtcd.sync.awaited_renames import AwaitedRenames
from rtcd.sync.bulletin import Bulletin
from rtcd.sync.pending import pending_files
from rtcd.sync.pending_renames import PendingRenames
from rtcd.sync.project import Project
from rtcd.sync.retries import Retries
from rtcd.sync.tasks import Tasks

PATH = ProjectPath("new.txt")
DATA = b"made while the server was away\n"
AWAY = ServerUnreachableError("the server does not answer")
PATIENCE_SECONDS = 30.0


class Folder:
    """A project with one file, as far as retries know it, and a server that may fail."""

    def __init__(self, *failures: RtcdError) -> None:
        self.failures = list(failures)
        self.on_server: dict[ProjectPath, bytes] = {}
        self.on_disk: dict[ProjectPath, bytes] = {PATH: DATA}
        self.marked: list[str] = []
        self.marks: dict[str, Bookmark] = {}
        self.renamed: list[tuple[ProjectPath, ProjectPath]] = []
        bulletin = Bulletin(lambda: 0.0)
        ledger = SimpleNamespace(
            record=lambda *_, **__: None,
            mark=lambda snapshot, **_: self.marked.append(snapshot.digest),
        )
        self.project = SimpleNamespace(
            bulletin=bulletin,
            problems=bulletin.problems,
            bindings={},
            receives_only=False,
            awaits_server=False,
            saver="Ada",
            clear=bulletin.clear,
            report=bulletin.report,
            note_change=bulletin.note_change,
            pairs=SimpleNamespace(is_text=lambda _: False),
            disk=SimpleNamespace(
                read=self._read, why_ignored=lambda _: None, exists=self.on_disk.__contains__
            ),
            local=SimpleNamespace(understood=lambda _: True, create_remote=self._create),
            link=SimpleNamespace(
                stat=self._stat,
                note_compared=lambda *_: None,
                rename=self._rename,
                renames=PendingRenames(),
                awaited_renames=AwaitedRenames(),
            ),
            history=SimpleNamespace(
                bookmark=self.marks.get,
                set_bookmark=lambda mark: self.marks.update({mark.path: mark}),
                forget=lambda path: self.marks.pop(path, None),
            ),
            deletions=SimpleNamespace(waiting=[], vanished=self._vanished),
            ledger=lambda _: ledger,
        )
        self.retries = Retries(cast("Project", self.project))
        self.tasks = Tasks(bulletin, self.retries.add)
        self.project.retries, self.project.tasks = self.retries, self.tasks
        self.project.spawn = self.tasks.spawn

    def fail(self, error: RtcdError) -> None:
        """Some work for the file begins, and cannot be done."""

        async def work() -> None:
            raise error

        self.tasks.spawn(work(), path=PATH)

    async def until(self, is_so: Any) -> None:
        """Wait for it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_so():
                await asyncio.sleep(0.001)

    async def _read(self, path: ProjectPath) -> Snapshot | None:
        data = self.on_disk.get(path)
        if data is None:
            return None
        return cast("Snapshot", SimpleNamespace(path=path, data=data, digest=digest(data)))

    async def _stat(self, path: ProjectPath) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        data = self.on_server.get(path)
        return None if data is None else SimpleNamespace(type="file", hash=digest(data))

    async def _rename(self, old: ProjectPath, new: ProjectPath) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.on_server[new] = self.on_server.pop(old)
        self.renamed.append((old, new))

    def _vanished(self, path: ProjectPath) -> None:
        self.on_server.pop(path)
        self.marks.pop(str(path))

    async def _create(self, snapshot: Snapshot) -> bool:
        self.on_server[snapshot.path] = snapshot.data
        return True


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", module.Backoff(first=0.001, longest=0.002))


async def test_a_file_that_the_server_could_not_take_is_shared_in_the_end() -> None:
    folder = Folder(AWAY, ServerError("the server broke", code="server"))
    folder.fail(AWAY)
    await folder.until(lambda: folder.on_server)
    await folder.until(lambda: not folder.retries.paths())
    assert folder.on_server == {PATH: DATA}
    assert folder.marked == [digest(DATA)]
    assert folder.project.problems == {}


async def test_what_is_owed_is_told_as_under_way_with_its_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BACKOFF", module.Backoff(first=3600.0, longest=3600.0))
    folder = Folder()
    folder.fail(AWAY)
    await folder.until(lambda: PATH in folder.retries)
    project = cast("Project", folder.project)
    assert [pending.path for pending in pending_files(project)] == [PATH]
    assert list(folder.project.problems) == [(str(PATH), AWAY.code)]
    assert folder.on_server == {}


async def test_a_server_that_is_back_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", module.Backoff(first=3600.0, longest=3600.0))
    folder = Folder()
    folder.fail(AWAY)
    await folder.until(lambda: PATH in folder.retries)
    folder.retries.now()
    await folder.until(lambda: not folder.retries.paths())
    assert folder.on_server == {PATH: DATA}


async def test_a_file_that_is_gone_meanwhile_is_owed_no_more() -> None:
    folder = Folder(AWAY)
    folder.fail(AWAY)
    folder.on_disk.clear()
    await folder.until(lambda: PATH in folder.retries)
    await folder.until(lambda: not folder.retries.paths())
    assert folder.on_server == {}


def renamed_while_away(*failures: RtcdError) -> Folder:
    """``old.txt``, which both sides had, is ``new.txt`` here and not yet on the server."""
    folder = Folder(*failures)
    old = ProjectPath("old.txt")
    folder.on_server[old] = DATA
    folder.marks[str(PATH)] = Bookmark(
        str(PATH),
        "text",
        None,
        base_digest=digest(DATA),
        server_hash=digest(DATA),
        disk_size=len(DATA),
        disk_mtime_ns=0,
    )
    folder.retries.add_rename(old, PATH, AWAY)
    folder.retries.add(PATH, AWAY)
    return folder


async def test_a_rename_while_the_server_is_away_is_a_rename_in_the_end() -> None:
    folder = renamed_while_away(AWAY, AWAY)
    await folder.until(lambda: not folder.retries.paths())
    assert folder.renamed == [(ProjectPath("old.txt"), PATH)]
    assert (folder.on_server, folder.on_disk) == ({PATH: DATA}, {PATH: DATA})
    assert list(folder.marks) == [str(PATH)]


async def test_a_file_renamed_twice_while_the_server_is_away_is_renamed_once() -> None:
    folder = renamed_while_away(AWAY)
    last = ProjectPath("newer.txt")
    folder.on_disk[last] = folder.on_disk.pop(PATH)
    folder.marks[str(last)] = replace(folder.marks["old.txt"], path=str(last))
    folder.retries.add_rename(PATH, last, AWAY)
    folder.retries.add(last, AWAY)
    await folder.until(lambda: not folder.retries.paths())
    assert folder.renamed == [(ProjectPath("old.txt"), last)]
    assert (folder.on_server, folder.on_disk) == ({last: DATA}, {last: DATA})


async def test_a_rename_that_the_server_refuses_is_a_new_file_and_a_deletion() -> None:
    folder = renamed_while_away()

    async def refuse(old: ProjectPath, new: ProjectPath) -> None:
        raise ServerError(f"{old} cannot become {new}", code="server")

    folder.project.link.rename = refuse
    await folder.until(lambda: not folder.retries.paths())
    assert (folder.on_server, folder.on_disk) == ({PATH: DATA}, {PATH: DATA})


async def test_a_rename_by_others_is_tried_again_until_the_disk_allows_it() -> None:
    folder = Folder()
    old = ProjectPath("old.txt")
    folder.on_disk[old] = folder.on_disk.pop(PATH)
    folder.on_server[PATH] = DATA
    tries: list[tuple[ProjectPath, ProjectPath]] = []

    async def follow(before: ProjectPath, new: ProjectPath) -> None:
        tries.append((before, new))
        if len(tries) < 3:
            raise HeldError("there is no space left on the disk", code="disk-full")
        folder.on_disk[new] = folder.on_disk.pop(before)
        folder.project.link.awaited_renames.end(new)

    folder.project.remote = SimpleNamespace(renamed=follow)
    folder.project.link.awaited_renames.begin(old, PATH)
    folder.retries.add(PATH, HeldError("there is no space left on the disk", code="disk-full"))
    await folder.until(lambda: not folder.retries.paths())
    assert tries == [(old, PATH)] * 3
    assert (folder.on_server, folder.on_disk) == ({PATH: DATA}, {PATH: DATA})


async def test_the_end_of_the_daemon_waits_for_nothing_that_is_owed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BACKOFF", module.Backoff(first=3600.0, longest=3600.0))
    folder = Folder()
    folder.fail(AWAY)
    await folder.until(lambda: PATH in folder.retries)
    folder.retries.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await folder.tasks.finish(timeout=PATIENCE_SECONDS)
    assert folder.on_server == {}
