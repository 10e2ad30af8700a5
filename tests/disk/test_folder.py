"""Reading, listing, removing and renaming below the project folder."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtcd.disk.file_stat import Snapshot
from rtcd.disk.folder import Folder
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath

MEBIBYTE = 1 << 20


def at(path: str) -> ProjectPath:
    return ProjectPath.parse(path)


@pytest.fixture(params=[None, False], ids=["by kernel", "by steps"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Folder]:
    root = tmp_path / "project"
    root.mkdir()
    folder = Folder.open(root, by_kernel=request.param)
    yield folder
    folder.close()


def read(folder: Folder, path: str) -> Snapshot:
    found = folder.read(at(path), max_bytes=MEBIBYTE)
    assert found is not None
    return found


def code_of(folder: Folder, path: str, *, max_bytes: int = MEBIBYTE) -> str:
    with pytest.raises(HeldError) as caught:
        folder.read(at(path), max_bytes=max_bytes)
    assert path in caught.value.message
    return caught.value.code


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 300_000])
def test_a_snapshot_holds_the_bytes_and_their_digest(folder: Folder, size: int) -> None:
    data = os.urandom(size)
    (folder.root / "a.bin").write_bytes(data)
    found = read(folder, "a.bin")
    assert (found.data, found.digest) == (data, hashlib.sha256(data).hexdigest())
    assert found.stat == folder.stat(at("a.bin"))


@pytest.mark.parametrize("path", ["none", "sub/none", "file/below"])
def test_nothing_there_is_none(folder: Folder, path: str) -> None:
    (folder.root / "file").write_text("x")
    assert folder.stat(at(path)) is None
    assert folder.read(at(path), max_bytes=10) is None


@pytest.mark.timeout(60)
def test_special_files_are_refused_without_being_opened(folder: Folder) -> None:
    """Opening a FIFO would block, and a device may do anything."""
    os.mkfifo(folder.root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder.root)  # a socket's address is short
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
        codes = [code_of(folder, name) for name in ("pipe", "socket")]
    assert codes == ["special-file", "special-file"]
    if os.geteuid() == 0:
        os.mknod(folder.root / "device", 0o600 | 0o020000, os.makedev(1, 3))
        assert code_of(folder, "device") == "special-file"


def test_folders_large_and_sparse_files_are_held(folder: Folder) -> None:
    (folder.root / "sub").mkdir()
    (folder.root / "large").write_bytes(b"x" * 11)
    os.truncate(_made(folder.root / "sparse"), 1 << 40)
    assert code_of(folder, "sub") == "type-changed"
    assert code_of(folder, "large", max_bytes=10) == "too-large"
    assert code_of(folder, "sparse") == "too-large"


def _made(path: Path) -> Path:
    path.write_bytes(b"")
    return path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_held(folder: Folder) -> None:
    _made(folder.root / "a").chmod(0)
    assert code_of(folder, "a") == "no-permission"


def test_a_read_never_mixes_two_versions(folder: Folder) -> None:
    """A writer truncates and writes without a pause; what comes back is whole, or held."""
    versions = [bytes([65 + n]) * 20_000 for n in range(3)]
    file = folder.root / "a"
    file.write_bytes(versions[0])
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            temporary = folder.root / ".t"
            temporary.write_bytes(versions[number % 3])
            temporary.replace(file)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        end = time.monotonic() + 0.5
        whole = 0
        held = set()
        while time.monotonic() < end:
            try:
                found = read(folder, "a")
            except HeldError as error:
                held.add(error.code)
                continue
            assert found.data in versions
            whole += 1
    finally:
        stop.set()
        thread.join()
    assert whole > 0
    assert held <= {"busy"}


def test_bytes_and_stat_belong_together(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that lands after the bytes were read and before the second look is seen."""
    file = folder.root / "a"
    file.write_text("one")
    bytes_of = Folder._bytes_of
    saves = [b"two", b"six"]

    def save_then(self: Folder, *arguments: object) -> bytes:
        data = bytes_of(self, *arguments)  # type: ignore[arg-type]
        if saves:
            file.write_bytes(saves.pop(0))
        return data

    monkeypatch.setattr(Folder, "_bytes_of", save_then)
    found = read(folder, "a")
    assert (found.data, found.stat) == (b"six", folder.stat(at("a")))


def test_a_file_that_is_never_still_is_held(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder.root / "a"
    file.write_text("one")
    bytes_of = Folder._bytes_of

    def append_then(self: Folder, *arguments: object) -> bytes:
        data = bytes_of(self, *arguments)  # type: ignore[arg-type]
        file.write_bytes(data + b"x")
        return data

    monkeypatch.setattr(Folder, "_bytes_of", append_then)
    assert code_of(folder, "a") == "busy"


def test_a_file_that_shrinks_under_the_read_does_not_kill_us(folder: Folder) -> None:
    """The mapping is gone when the kernel copies: an error, not SIGBUS."""
    file = folder.root / "a"
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            file.write_bytes(b"x" * 200_000)
            os.truncate(file, 0)

    held = set()
    _made(file)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(1500):
            try:
                found = folder.read(at("a"), max_bytes=MEBIBYTE)
            except HeldError as error:
                held.add(error.code)
            else:
                assert found is not None
                assert set(found.data) <= {ord("x")}
    finally:
        stop.set()
        thread.join()
    assert held <= {"busy"}


def test_a_listing_has_every_name_also_odd_ones(folder: Folder) -> None:
    names = ["-x", " ", "a\nb", "é", "e\u0301", "z" * 255]
    for name in names:
        (folder.root / name).write_text("")
    (folder.root / "sub").mkdir()
    (folder.root / "link").symlink_to("/etc")
    (Path(os.fsdecode(os.fsencode(folder.root) + b"/bad\xff"))).write_text("")
    found = folder.list(None)
    assert [name for name, _ in found] == sorted([*names, "sub", "link", "bad\udcff"])
    kinds = {name: stat.kind for name, stat in found}
    assert (kinds["sub"], kinds["link"], kinds["é"]) == ("folder", "link", "file")
    assert folder.list(at("none")) == []


def test_folders_are_made_with_those_above(folder: Folder) -> None:
    folder.make_folder(at("a/b/c"))
    folder.make_folder(at("a/b/c"))
    assert (folder.root / "a" / "b" / "c").is_dir()
    _made(folder.root / "file")
    with pytest.raises(HeldError) as caught:
        folder.make_folder(at("file/x"))
    assert caught.value.code == "type-changed"
    (folder.root / "link").symlink_to(folder.root.parent)
    with pytest.raises(HeldError) as caught:
        folder.make_folder(at("link/x"))
    assert caught.value.code == "symlink"
    assert not (folder.root.parent / "x").exists()


def test_a_file_with_the_expected_content_is_removed(folder: Folder) -> None:
    (folder.root / "a").write_text("one")
    assert folder.remove_file(at("a"), read(folder, "a")) is None
    assert not (folder.root / "a").exists()
    assert folder.remove_file(at("a"), read_of(b"")) is None


def read_of(data: bytes) -> Snapshot:
    stat = os.stat_result([0] * 10)
    from rtcd.disk.file_stat import FileStat

    return Snapshot(path=at("a"), stat=FileStat.of(stat), data=data, digest="")


def test_a_save_that_came_before_the_removal_is_put_back(folder: Folder) -> None:
    file = folder.root / "a"
    file.write_text("one")
    expected = read(folder, "a")
    file.write_text("two")
    found = folder.remove_file(at("a"), expected)
    assert found is not None
    assert (found.path, found.data, file.read_text()) == (at("a"), b"two", "two")


def test_nothing_but_files_is_removed(folder: Folder) -> None:
    (folder.root / "sub").mkdir()
    (folder.root / "link").symlink_to("sub")
    codes = []
    for name in ("sub", "link"):
        with pytest.raises(HeldError) as caught:
            folder.remove_file(at(name), read_of(b""))
        codes.append(caught.value.code)
    assert codes == ["type-changed", "symlink"]
    assert sorted(p.name for p in folder.root.iterdir()) == ["link", "sub"]


def test_only_an_empty_folder_is_removed(folder: Folder) -> None:
    (folder.root / "full").mkdir()
    _made(folder.root / "full" / "a")
    (folder.root / "empty").mkdir()
    folder.remove_folder(at("empty"))
    folder.remove_folder(at("empty"))
    with pytest.raises(HeldError) as caught:
        folder.remove_folder(at("full"))
    assert caught.value.code == "not-empty"
    assert [name for name, _ in folder.list(None)] == ["full"]


def test_a_rename_never_hits_anything(folder: Folder) -> None:
    (folder.root / "a").write_text("A")
    (folder.root / "b").write_text("B")
    with pytest.raises(HeldError) as caught:
        folder.rename(at("a"), at("b"))
    assert caught.value.code == "name-collision"
    folder.rename(at("a"), at("new/deep/c"))
    with pytest.raises(HeldError) as caught:
        folder.rename(at("a"), at("d"))
    assert caught.value.code == "vanished"
    assert (folder.root / "new" / "deep" / "c").read_text() == "A"
    assert (folder.root / "b").read_text() == "B"


def test_a_missing_folder_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(HeldError):
        Folder.open(tmp_path / "none")


def test_a_moved_or_replaced_root_is_noticed(folder: Folder) -> None:
    assert folder.is_root_in_place()
    folder.root.rename(folder.root.parent / "elsewhere")
    assert not folder.is_root_in_place()
    folder.root.mkdir()
    assert not folder.is_root_in_place()


def test_no_descriptor_is_left_open(folder: Folder) -> None:
    (folder.root / "sub").mkdir()
    (folder.root / "sub" / "a").write_text("x")
    (folder.root / "link").symlink_to("sub")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        read(folder, "sub/a")
        folder.list(at("sub"))
        folder.somebody_writes(at("sub/a"))
        for path in ("link/a", "sub"):
            with pytest.raises(HeldError):
                folder.read(at(path), max_bytes=10)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_writer_that_has_the_file_open_is_seen(folder: Folder) -> None:
    file = folder.root / "a"
    with file.open("w") as opened:
        opened.write("x")
        assert folder.somebody_writes(at("a")) is True
    assert folder.somebody_writes(at("a")) is False
    assert folder.somebody_writes(at("none")) is None
