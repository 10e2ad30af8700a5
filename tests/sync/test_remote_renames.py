"""Renames on the server, on a real disk: followed, awaited, and never to a name that is not shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtcd.disk.folder import Folder
from rtcd.disk.writer import Writer
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath
from rtcd.sync import project_disk as module
from rtcd.sync.awaited_renames import AwaitedRenames
from rtcd.sync.local_files import LocalFiles
from rtcd.sync.project import Project
from rtcd.sync.project_disk import ProjectDisk
from rtcd.sync.remote_files import RemoteFiles

OLD, NEW = ProjectPath("old.py"), ProjectPath("new.py")


class Guest:
    """A folder with one shared file, as far as renames know it."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root = root
        root.mkdir()
        (root / "old.py").write_text("print(1)\n")
        self.folder = Folder.open(root)
        self.disk = ProjectDisk(self.folder, Writer(self.folder, state), max_file_bytes=1_000_000)
        self.known = {OLD}
        self.gone: list[ProjectPath] = []
        self.checked: list[ProjectPath] = []
        self.project: Any = SimpleNamespace(
            disk=self.disk,
            files=SimpleNamespace(below=lambda _: [], forget=self.known.discard),
            folders=set(),
            bindings={},
            pairs=SimpleNamespace(is_text=lambda _: False),
            link=SimpleNamespace(awaited_renames=AwaitedRenames()),
            is_known=self.known.__contains__,
            rename_here=self._rename_here,
            ledger=lambda _: SimpleNamespace(known_size=lambda: 0, record=lambda *_, **__: None),
            deletions=SimpleNamespace(may_remove_local=lambda _: True, returned=lambda _: None),
            local=SimpleNamespace(file_gone=self.gone.append, understood=lambda _: True),
            history=SimpleNamespace(bookmark=self._bookmark, forget=lambda _: None),
            saver="Ada",
        )
        self.remote = RemoteFiles(cast("Project", self.project))
        self.remote.check = self._check  # type: ignore[method-assign]

    def names(self) -> list[str]:
        """Every file that is there."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*"))

    def _rename_here(self, old: ProjectPath, new: ProjectPath) -> None:
        self.known.discard(old)
        self.known.add(new)

    def _bookmark(self, path: str) -> Any:
        snapshot = self.folder.read(ProjectPath(path), max_bytes=1_000)
        return SimpleNamespace(base_digest=snapshot.digest if snapshot else "")

    async def _check(self, path: ProjectPath) -> None:
        self.checked.append(path)


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    made = Guest(tmp_path / "project", tmp_path / "limbo")
    yield made
    made.folder.close()


async def test_the_file_follows_a_rename_on_the_server(guest: Guest) -> None:
    await guest.remote.renamed(OLD, NEW)
    assert (guest.names(), guest.known) == (["new.py"], {NEW})


@pytest.mark.parametrize("followed", [True, False])
def test_a_rename_that_we_have_just_followed_is_not_carried_back_to_the_server(
    guest: Guest, followed: bool
) -> None:
    """The watcher tells of it before the thread that renamed the file has reported back."""
    carried: list[tuple[ProjectPath, ProjectPath]] = []
    guest.project.receives_only = guest.project.awaits_server = False
    guest.project.spawn = lambda work, **_: work.close() or carried.append((OLD, NEW))
    if followed:
        guest.project.link.awaited_renames.begin(OLD, NEW)
    (guest.root / "old.py").rename(guest.root / "new.py")
    assert LocalFiles(cast("Project", guest.project)).file_moved(OLD, NEW)
    assert guest.known == {NEW}
    assert carried == ([] if followed else [(OLD, NEW)])


@pytest.mark.parametrize(
    "name", [".git/hooks/pre-commit", ".vscode/tasks.json", ".env", "id_rsa", ".hidden.py"]
)
async def test_no_server_renames_a_shared_file_to_a_name_that_is_not_shared(
    guest: Guest, name: str
) -> None:
    await guest.remote.renamed(OLD, ProjectPath(name))
    assert (guest.names(), guest.known) == ([], set())


async def test_a_folder_follows_a_rename_on_the_server_and_one_to_a_hidden_name_is_gone(
    guest: Guest,
) -> None:
    (guest.root / "reports").mkdir()
    (guest.root / "reports" / "one.py").write_text("1\n")
    inside, moved = ProjectPath("reports/one.py"), ProjectPath("papers/one.py")
    guest.known.add(inside)
    guest.project.files.below = lambda _: [inside] if inside in guest.known else [moved]
    await guest.remote.renamed(ProjectPath("reports"), ProjectPath("papers"))
    assert guest.names() == ["old.py", "papers", "papers/one.py"]
    await guest.remote.renamed(ProjectPath("papers"), ProjectPath(".git"))
    assert guest.names() == ["old.py"]


async def test_a_disk_in_trouble_keeps_the_old_name_and_the_rename_is_awaited(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(old: ProjectPath, new: ProjectPath) -> None:
        raise HeldError(f"could not rename {old}", code="disk-full")

    monkeypatch.setattr(guest.folder, "rename", fail)
    with pytest.raises(HeldError):
        await guest.remote.renamed(OLD, NEW)
    awaited = guest.project.link.awaited_renames
    assert (guest.names(), guest.known, awaited.old_name(NEW)) == (["old.py"], {OLD}, OLD)
    await guest.remote.removed(OLD)
    assert guest.names() == ["old.py"]
    monkeypatch.undo()
    await guest.remote.renamed(OLD, ProjectPath("newer.py"))
    await guest.remote.renamed(OLD, NEW)
    assert guest.names() == ["newer.py"]


async def test_a_file_renamed_on_while_its_rename_was_awaited_gets_its_last_name(
    guest: Guest,
) -> None:
    guest.project.link.awaited_renames.begin(OLD, NEW)
    await guest.remote.renamed(NEW, ProjectPath("last.py"))
    assert (guest.names(), NEW in guest.project.link.awaited_renames) == (["last.py"], False)


async def test_a_file_deleted_here_a_moment_before_is_deleted_under_its_new_name(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ABSENT_S", 0.01)
    (guest.root / "old.py").unlink()
    await guest.remote.renamed(OLD, NEW)
    assert (guest.known, guest.gone) == ({NEW}, [NEW])


async def test_a_name_that_is_taken_here_is_looked_at_and_nothing_is_replaced(
    guest: Guest,
) -> None:
    (guest.root / "new.py").write_text("mine\n")
    await guest.remote.renamed(OLD, NEW)
    assert (guest.names(), guest.checked) == (["new.py", "old.py"], [NEW])
    assert (guest.root / "new.py").read_text() == "mine\n"
