"""The writer dies, or finds what one that died has left: the file is whole and no save is lost."""

from __future__ import annotations

import errno
import os
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disk.written_project import PATH, Project
from rtcd.disk.in_place import is_torn
from rtcd.disk.raw_io import read_all

KILLED = """
import os, sys
sys.path[:0] = {paths!r}
from pathlib import Path
from rtcd.disk.folder import Folder
from rtcd.disk.raw_io import read_all
from rtcd.disk.writer import Writer
from rtcd.project_path import ProjectPath

place = int(sys.argv[1])
root = Path(sys.argv[2])
calls = 0
folder = Folder.open(root)
writer = Writer(folder, root / ".rtcd" / "limbo")
expected = folder.read(ProjectPath.parse("a.txt"), max_bytes=1000)
if sys.argv[3] == "save":
    (root / "a.txt").write_bytes(b"somebody's save")

def trace(frame, event, argument):
    global calls
    calls += 1
    if calls == place:
        os._exit(9)
    return trace

sys.settrace(trace)
data = b"2" if sys.argv[3] == "linked" else b"the new content"
writer.write(ProjectPath.parse("a.txt"), data, expected=expected)
sys.settrace(None)
"""


@pytest.mark.parametrize("kind", ["plain", "save", "linked"])
def test_killed_at_any_line_the_file_is_whole_and_no_save_is_lost(
    tmp_path: Path, kind: str
) -> None:
    """The process dies before every 3rd line of the write; then a new one recovers.

    In place the new content is shorter: between the write and the cut the file is a mix.
    """
    outcomes = set()
    for place in range(1 + KINDS.index(kind), 2000, 3):
        root = tmp_path / str(place)
        project = Project(root)
        if kind == "linked":
            (root / "other").hardlink_to(project.file)
        project.folder.close()
        done = run_killed(place, root, kind)
        outcomes.add(after_the_crash(project, kind))
        if done:
            break
    assert {"old", "new"} <= outcomes


KINDS = ["plain", "save", "linked"]


def run_killed(place: int, root: Path, kind: str) -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            code = textwrap.dedent(KILLED).format(paths=sys.path)
            sys.argv = ["killed", str(place), str(root), kind]
            os.close(1)
            os.open(os.devnull, os.O_WRONLY)
            exec(compile(code, "killed", "exec"), {"__name__": "killed"})
            os._exit(0)
        except BaseException:  # noqa: BLE001 - nothing of the test may run on in the child
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, 9)
    return status == 0


def after_the_crash(project: Project, kind: str) -> str:
    project.open()
    recovered = [(found.path, found.data) for found in project.writer.recover()]
    data = project.read().data
    project.folder.close()
    names = {b"one": "old", b"the new content": "new", b"2": "new", b"somebody's save": "old"}
    assert data in names
    if kind == "save" and data != b"somebody's save":
        assert recovered == [(PATH, b"somebody's save")]
    else:
        assert recovered == []
    return names[data]


def test_a_recovered_save_is_there_again_after_another_crash(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    expected = project.read()
    project.file.write_bytes(b"somebody's save")
    project.writer.write(PATH, b"two", expected=expected)
    for _ in range(2):
        project.folder.close()
        project.open()
        assert [found.data for found in project.writer.recover()] == [b"somebody's save"]
    assert project.late_after(70) == []
    assert project.limbo_names() == []
    project.folder.close()


def test_a_recovered_save_that_is_safe_elsewhere_does_not_come_back(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    expected = project.read()
    project.file.write_bytes(b"somebody's save")
    project.writer.write(PATH, b"two", expected=expected)
    project.folder.close()
    project.open()
    (save,) = project.writer.recover()
    assert project.writer.made_from(save) == expected.digest
    project.writer.let_go(save)
    project.folder.close()
    project.open()
    assert project.writer.recover() == []
    assert project.limbo_names() == []
    project.folder.close()


def test_what_was_swapped_out_and_cannot_be_read_is_found_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails for a moment, just when a save was displaced."""
    project = Project(tmp_path / "project")
    expected = project.read()
    project.file.write_bytes(b"somebody's save")
    reads = [0]

    def failing_read(fd: int) -> bytes:
        reads[0] += 1
        if reads[0] < 4:
            raise OSError(errno.EIO, "the disk failed")
        return read_all(fd)

    monkeypatch.setattr("rtcd.disk.limbo.read_all", failing_read)
    written = project.writer.write(PATH, b"two", expected=expected)
    assert written.displaced is None
    assert project.file.read_bytes() == b"two"
    assert project.late_after(20) == [b"somebody's save"]
    project.folder.close()


def test_a_journal_line_that_a_full_disk_cut_off_spoils_no_other(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    expected = project.read()
    with (project.limbo / "journal").open("ab") as journal:
        journal.write(b'{"name": "cut", "path": "no')
    project.file.write_bytes(b"somebody's save")
    project.writer.write(PATH, b"two", expected=expected)
    project.folder.close()
    project.open()
    assert [found.data for found in project.writer.recover()] == [b"somebody's save"]
    project.folder.close()


def test_what_nobody_can_place_is_kept_for_people(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    (project.limbo / "stray").write_bytes(b"whose?")
    (project.limbo / "unfinished-1").write_bytes(b"half a tempo")
    assert project.writer.recover() == []
    assert project.limbo_names() == []
    kept = project.root / ".rtcd" / "recovery" / "limbo-stray"
    assert kept.read_bytes() == b"whose?"
    project.folder.close()


@given(old=st.binary(max_size=9), new=st.binary(max_size=9), done=st.integers(0, 9))
def test_a_cut_off_write_in_place_is_told_from_a_save(old: bytes, new: bytes, done: int) -> None:
    cut_off = new[:done] + old[len(new[:done]) :]
    assert is_torn(cut_off, old, new) == (cut_off not in (old, new))
    assert not is_torn(old + new + b"and somebody's words", old, new)
