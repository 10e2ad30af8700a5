"""A write puts whole content under the name, and hands back what it should not have displaced."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from disk.written_project import PATH, Project
from rtcd.disk import exchange as exchange_module
from rtcd.disk import writer as writer_module
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.writer import Writer
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath


@pytest.fixture(params=[True, False], ids=["exchange", "rename over"])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    project = Project(tmp_path / "project", swaps=request.param)
    yield project
    project.folder.close()


def test_what_is_written_is_on_the_disk_before_it_has_its_name(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the new name leaves no file without its bytes."""
    real, synced = os.fsync, []

    def fsync(fd: int) -> None:
        has_name = os.fstat(fd).st_ino == project.file.stat().st_ino
        synced.append((os.fstat(fd).st_ino, os.fstat(fd).st_size, has_name))
        real(fd)

    expected = project.read()
    monkeypatch.setattr(os, "fsync", fsync)
    project.writer.write(PATH, b"two", expected=expected)
    assert (project.file.stat().st_ino, len(b"two"), False) in synced


def code_of(project: Project, data: bytes, expected: Snapshot | None) -> str:
    with pytest.raises(HeldError) as caught:
        project.writer.write(PATH, data, expected=expected)
    return caught.value.code


def test_the_file_holds_the_new_bytes_and_the_stat_is_theirs(project: Project) -> None:
    written = project.writer.write(PATH, b"two", expected=project.read())
    assert written.displaced is None
    assert (project.read().data, project.read().stat) == (b"two", written.stat)


def test_identical_bytes_are_never_written(project: Project) -> None:
    before = project.read()
    written = project.writer.write(PATH, b"one", expected=before)
    assert (written.stat, written.displaced) == (before.stat, None)
    assert (project.read().stat, project.limbo_names()) == (before.stat, [])


def test_mode_and_attributes_stay_those_of_the_file(project: Project) -> None:
    project.file.chmod(0o4754)
    os.setxattr(project.file, "user.rtcd-test", b"kept")
    project.writer.write(PATH, b"two", expected=project.read())
    assert project.file.stat().st_mode & 0o7777 == 0o4754
    assert os.getxattr(project.file, "user.rtcd-test") == b"kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays_when_the_system_lets_us(project: Project) -> None:
    os.chown(project.file, 1234, 5678)
    project.writer.write(PATH, b"two", expected=project.read())
    found = project.file.stat()
    assert (found.st_uid, found.st_gid) == (1234, 5678)


def test_set_id_bits_are_not_carried_to_another_owner(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    os.chown(project.file, 1234, 5678)
    project.file.chmod(0o6755)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "fchown", refuse)
    project.writer.write(PATH, b"two", expected=project.read())
    assert project.file.stat().st_mode & 0o7777 == 0o755


def test_a_new_file_is_made_with_its_folders(project: Project) -> None:
    path = ProjectPath.parse("new/deep/b.txt")
    written = project.writer.write(path, b"b", expected=None)
    file = project.root / "new" / "deep" / "b.txt"
    umask = os.umask(0)
    os.umask(umask)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"b", 0o666 & ~umask)
    assert written.stat == project.folder.stat(path)


def test_a_new_file_never_replaces_one(project: Project) -> None:
    assert code_of(project, b"two", None) == "name-collision"
    assert (project.file.read_bytes(), project.limbo_names()) == (b"one", [])


def test_a_save_that_came_first_is_handed_back(project: Project) -> None:
    expected = project.read()
    project.file.write_bytes(b"somebody's save")
    written = project.writer.write(PATH, b"two", expected=expected)
    assert written.displaced is not None
    assert (written.displaced.path, written.displaced.data) == (PATH, b"somebody's save")
    assert project.file.read_bytes() == b"two"
    assert len(project.limbo_names()) == 1  # until it is surely safe elsewhere


def test_a_save_of_the_very_bytes_is_no_surprise(project: Project) -> None:
    expected = project.read()
    project.file.write_bytes(b"two")
    assert project.writer.write(PATH, b"two", expected=expected).displaced is None


def test_a_file_that_vanished_is_not_made_again(project: Project) -> None:
    expected = project.read()
    project.file.unlink()
    assert code_of(project, b"two", expected) == "vanished"
    assert (project.file.exists(), project.limbo_names()) == (False, [])


def test_links_and_folders_are_left_alone(project: Project) -> None:
    expected = project.read()
    project.file.unlink()
    (project.root / "target").write_bytes(b"one")
    project.file.symlink_to("target")
    assert code_of(project, b"two", expected) == "symlink"
    assert (project.root / "target").read_bytes() == b"one"
    project.file.unlink()
    project.file.mkdir()
    assert code_of(project, b"two", expected) == "type-changed"


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_takes_the_name_in_the_last_moment_is_put_back(
    project: Project, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """After the look and before the swap the file turns into a link or a folder."""
    expected = project.read()
    swap = Writer._swap

    def turn(self: Writer, *arguments: object) -> str:
        project.file.unlink()
        if kind == "link":
            project.file.symlink_to("elsewhere")
        else:
            project.file.mkdir()
        return swap(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Writer, "_swap", turn)
    assert code_of(project, b"two", expected) == {"link": "symlink", "folder": "type-changed"}[kind]
    assert project.file.is_symlink() == (kind == "link")
    assert project.file.is_dir() == (kind == "folder")


def test_the_swapped_out_file_goes_after_its_grace(project: Project) -> None:
    project.writer.write(PATH, b"two", expected=project.read())
    assert project.late_after(1.9) == []
    assert len(project.limbo_names()) == 1
    assert project.late_after(1.5) == []
    assert (project.limbo_names(), project.writer.next_look()) == ([], None)


def test_an_editor_caught_after_truncating_finishes_on_the_old_inode(project: Project) -> None:
    """The file is open for writing and empty at the swap: no save yet, but one is coming."""
    expected = project.read()
    with project.file.open("wb", buffering=0) as editor:
        assert project.writer.write(PATH, b"two", expected=expected).displaced is None
        assert project.late_after(3) == []
        editor.write(b"the edi")
        assert project.late_after(3) == []
        editor.write(b"tor's save")
        assert project.late_after(0.5) == []
    assert project.late_after(3) == [b"the editor's save"]
    assert project.late_after(70) == []
    assert (project.file.read_bytes(), project.limbo_names()) == (b"two", [])


def test_an_editor_caught_between_two_writes_is_no_save_yet(project: Project) -> None:
    expected = project.read()
    with project.file.open("wb", buffering=0) as editor:
        editor.write(b"new begin")
        assert project.writer.write(PATH, b"two", expected=expected).displaced is None
        editor.write(b"ning")
    assert project.late_after(3) == [b"new beginning"]


def test_a_file_that_was_emptied_and_left_is_no_late_save(project: Project) -> None:
    """A shell truncates, then writes under the name: the name is another file by then."""
    expected = project.read()
    project.file.write_bytes(b"")
    assert project.writer.write(PATH, b"two", expected=expected).displaced is None
    assert project.late_after(70) == []
    assert project.limbo_names() == []


def test_a_program_that_appends_for_ever_is_heard_for_ever(project: Project) -> None:
    """As long as somebody may write to the old inode it is kept."""
    with project.file.open("ab", buffering=0) as log:
        project.writer.write(PATH, b"two", expected=project.read())
        assert project.late_after(500) == []
        assert len(project.limbo_names()) == 1
        log.write(b" more")
    assert project.late_after(3) == [b"one more"]


def test_late_saves_are_found_where_nobody_can_tell_writers(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Network file systems have no leases: a pause has to do."""
    monkeypatch.setattr("rtcd.disk.limbo.somebody_writes", lambda *_: None)
    expected = project.read()
    with project.file.open("wb", buffering=0) as editor:
        assert project.writer.write(PATH, b"two", expected=expected).displaced is None
        assert project.late_after(0.5) == []
        editor.write(b"the editor's save")
        assert project.late_after(1.0) == [b"the editor's save"]
    assert project.late_after(70) == []
    assert project.limbo_names() == []


@pytest.mark.parametrize("longer", [True, False], ids=["longer", "shorter"])
def test_hard_links_are_kept(project: Project, *, longer: bool) -> None:
    other = project.root / "other"
    other.hardlink_to(project.file)
    data = b"two and more" if longer else b"2"
    written = project.writer.write(PATH, data, expected=project.read())
    assert (written.displaced, other.read_bytes()) == (None, data)
    assert other.stat().st_ino == project.file.stat().st_ino
    assert project.late_after(3) == []
    assert project.limbo_names() == []


def test_a_save_in_place_before_ours_is_handed_back(project: Project) -> None:
    (project.root / "other").hardlink_to(project.file)
    expected = project.read()
    project.file.write_bytes(b"somebody's save")
    written = project.writer.write(PATH, b"two", expected=expected)
    assert written.displaced is not None
    assert written.displaced.data == b"somebody's save"


def test_a_full_disk_changes_nothing(project: Project) -> None:
    """RLIMIT_FSIZE fails a write in the middle as a full disk does."""
    expected = project.read()
    with file_size_limit(10):
        assert code_of(project, b"x" * 20, expected) == "disk-full"
        assert code_of_new(project) == "disk-full"
    assert (project.file.read_bytes(), project.limbo_names()) == (b"one", [])
    assert sorted(os.listdir(project.root)) == [".rtcd", "a.txt"]


def code_of_new(project: Project) -> str:
    with pytest.raises(HeldError) as caught:
        project.writer.write(ProjectPath.parse("b"), b"x" * 20, expected=None)
    return caught.value.code


class file_size_limit:  # noqa: N801 - reads as a statement
    """No file may grow beyond so many bytes; the journal of limbo is cleared first."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __enter__(self) -> None:

        self._handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._before[1]))
        # The journal is longer than the limit already.
        writer_journal = "rtcd.disk.limbo_journal.Journal.append"
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(writer_journal, lambda *_: None)

    def __exit__(self, *_: object) -> None:

        self._patch.undo()
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)
        signal.signal(signal.SIGXFSZ, self._handler)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no-permission"),
        (errno.EIO, "read-error"),
        (errno.EMFILE, "too-many-open-files"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "rename"])
def test_whatever_call_fails_the_old_bytes_stay(
    project: Project, monkeypatch: pytest.MonkeyPatch, call: str, code: int, reason: str
) -> None:
    expected = project.read()

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        found = code_of(project, b"two", expected)
    assert found == reason
    assert (project.file.read_bytes(), project.limbo_names()) == (b"one", [])
    assert project.writer.write(PATH, b"two", expected=expected).displaced is None


def test_a_write_in_place_that_fails_puts_the_old_bytes_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "other").hardlink_to(project.file)
    expected = project.read()
    truncate = os.ftruncate
    calls = []

    def fail_once(fd: int, size: int) -> None:
        calls.append(size)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "full")
        truncate(fd, size)

    monkeypatch.setattr(os, "ftruncate", fail_once)
    assert code_of(project, b"two two", expected) == "disk-full"
    assert (project.file.read_bytes(), project.limbo_names()) == (b"one", [])


def test_a_file_system_without_exchange_is_written_all_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "_function", lambda *_: -1)
    monkeypatch.setattr(exchange_module.ctypes, "get_errno", lambda: errno.EINVAL)
    expected = project.read()
    project.file.write_bytes(b"somebody's save")
    written = project.writer.write(PATH, b"two", expected=expected)
    assert written.displaced is not None
    assert (written.displaced.data, project.file.read_bytes()) == (b"somebody's save", b"two")
    project.writer.write(ProjectPath.parse("b"), b"b", expected=None)
    assert (project.root / "b").read_bytes() == b"b"


def test_without_hard_links_a_copy_is_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(writer_module, "exchange", refuse_exchange)
    expected = project.read()
    project.file.write_bytes(b"somebody's save")
    written = project.writer.write(PATH, b"two", expected=expected)
    assert written.displaced is not None
    assert (written.displaced.data, project.file.read_bytes()) == (b"somebody's save", b"two")


def refuse_exchange(*_: object) -> None:
    raise exchange_module.CannotExchangeError(errno.EINVAL, "no exchange here")


@pytest.mark.skipif(sys.platform != "linux", reason="needs user namespaces")
def test_a_full_file_system_keeps_the_old_bytes(tmp_path: Path) -> None:
    """The real thing: a tmpfs of 256 kB in a namespace of its own."""
    script = f"""
import sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from rtcd.disk.folder import Folder
from rtcd.disk.raw_io import read_all
from rtcd.disk.writer import Writer
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath
root = Path({str(tmp_path)!r})
(root / "a.txt").write_bytes(b"one")
folder = Folder.open(root)
writer = Writer(folder, root / ".rtcd" / "limbo")
path = ProjectPath.parse("a.txt")
try:
    writer.write(path, b"x" * 400_000, expected=folder.read(path, max_bytes=100))
except HeldError as error:
    print(error.code, (root / "a.txt").read_bytes(), sorted(p.name for p in root.iterdir()))
"""
    mount = f"mount -t tmpfs -o size=256k tmpfs {tmp_path} && exec {sys.executable} -"
    done = subprocess.run(
        ["unshare", "-Urnm", "sh", "-c", mount],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("no namespaces here")
    assert done.stdout == "disk-full b'one' ['.rtcd', 'a.txt']\n", done.stderr


def test_a_save_right_after_the_swap_is_another_file_to_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its bytes would be taken for those that were written, and never be looked at."""
    project = Project(tmp_path / "p")
    real = writer_module.exchange

    def exchange_then_save(old: int, name: str, new: int, other: str) -> None:
        real(old, name, new, other)
        project.file.write_bytes(b"saved in place")

    monkeypatch.setattr(writer_module, "exchange", exchange_then_save)
    written = project.writer.write(PATH, b"two", expected=project.read())
    assert written.stat != project.read().stat
    assert project.file.read_bytes() == b"saved in place"
