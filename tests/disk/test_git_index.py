"""A file that git wrote is known as git's; an editor's save beside a repository is not."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from rtcd.disk.file_stat import Snapshot
from rtcd.disk.folder import Folder
from rtcd.disk.git_index import GitIndex
from rtcd.project_path import ProjectPath


def git(top: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=top, check=True, capture_output=True)


def read(root: Path, name: str) -> Snapshot:
    folder = Folder.open(root)
    try:
        found = folder.read(ProjectPath.parse(name), max_bytes=1 << 20)
    finally:
        folder.close()
    assert found is not None
    return found


def let_the_index_be_old(top: Path, seconds: float = 100) -> None:
    """As if git had been at work long ago."""
    then = time.time() - seconds
    os.utime(top / ".git" / "index", (then, then))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with two branches that differ in sub/a.txt; the second one is checked out."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("one\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    git(tmp_path, "checkout", "-qb", "other")
    (tmp_path / "sub" / "a.txt").write_text("two two\n")
    git(tmp_path, "commit", "-qam", "two")
    return tmp_path


@pytest.mark.parametrize("root", ["", "sub"])
def test_a_checkout_is_gits_also_long_afterwards(top: Path, root: str):
    git(top, "checkout", "-q", "main")
    name = "sub/a.txt" if root == "" else "a.txt"
    snapshot = read(top / root, name)
    assert GitIndex(top / root).wrote(snapshot)
    let_the_index_be_old(top)
    assert GitIndex(top / root).wrote(snapshot)


def test_a_stash_and_its_return_are_gits(top: Path):
    (top / "sub" / "a.txt").write_text("three three three\n")
    git(top, "stash", "-q")
    assert GitIndex(top).wrote(read(top, "sub/a.txt"))
    git(top, "stash", "pop", "-q")
    assert GitIndex(top).wrote(read(top, "sub/a.txt"))


def test_a_save_is_not_gits_though_its_bytes_are_in_the_repository(top: Path):
    let_the_index_be_old(top)
    (top / "sub" / "a.txt").write_text("one\n")
    assert not GitIndex(top).wrote(read(top, "sub/a.txt"))


def test_a_save_after_git_was_at_work_is_not_gits(top: Path):
    git(top, "checkout", "-q", "main")
    time.sleep(0.02)  # the clock of the file system ticks
    (top / "sub" / "a.txt").write_text("mine\n")
    assert not GitIndex(top).wrote(read(top, "sub/a.txt"))


def test_while_git_is_at_work_its_writes_are_gits_unless_the_lock_is_old(top: Path):
    let_the_index_be_old(top)
    (top / "sub" / "a.txt").write_text("in the middle of a checkout\n")
    snapshot = read(top, "sub/a.txt")
    lock = top / ".git" / "index.lock"
    lock.touch()
    assert GitIndex(top).wrote(snapshot)
    os.utime(lock, (time.time() - 60, time.time() - 60))
    assert not GitIndex(top).wrote(snapshot)


def test_without_a_repository_nothing_is_gits(tmp_path: Path):
    (tmp_path / "a.txt").write_text("one\n")
    assert not GitIndex(tmp_path).wrote(read(tmp_path, "a.txt"))
