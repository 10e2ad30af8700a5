"""Nothing outside the folder is ever opened, whatever moves meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rtcd.disk.confinement import FOLDER_FLAGS, Confinement, kernel_confines
from rtcd.disk.folder import Folder
from rtcd.disk.writer import Writer
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath

READ = os.O_RDONLY
WAYS = pytest.mark.parametrize(
    "by_kernel",
    [
        pytest.param(True, marks=pytest.mark.skipif(not kernel_confines(), reason="needs openat2")),
        False,
    ],
    ids=["openat2", "by steps"],
)


@contextmanager
def confined(root: Path, *, by_kernel: bool) -> Iterator[Confinement]:
    fd = os.open(root, FOLDER_FLAGS)
    try:
        yield Confinement(fd, by_kernel=by_kernel)
    finally:
        os.close(fd)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "sub" / "deep" / "a.txt").write_text("a")
    (root / "b.txt").write_text("b")
    (root / "abs").symlink_to(outside)
    (root / "rel").symlink_to("../outside")
    (root / "inside").symlink_to("sub")
    (root / "file").symlink_to("../outside/secret.txt")
    (root / "loop").symlink_to("loop")
    return root


@WAYS
@pytest.mark.parametrize("path", ["b.txt", "sub/deep/a.txt"])
def test_a_file_below_the_root_opens(root: Path, path: str, *, by_kernel: bool) -> None:
    with confined(root, by_kernel=by_kernel) as below:
        fd = below.open(path, READ)
        assert os.read(fd, 10).decode() == path[-5]
        os.close(fd)


@WAYS
@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.txt",
        "sub/../../outside/secret.txt",
        "/etc/passwd",
        "abs/secret.txt",
        "rel/secret.txt",
        "inside/deep/a.txt",
        "file",
        "loop",
        "sub/../../root/abs/secret.txt",
    ],
)
def test_no_name_and_no_link_leads_out(root: Path, path: str, *, by_kernel: bool) -> None:
    with confined(root, by_kernel=by_kernel) as below, pytest.raises(OSError):
        os.close(below.open(path, READ))


@WAYS
def test_a_link_in_the_way_is_told_as_a_link(root: Path, *, by_kernel: bool) -> None:
    folder = Folder.open(root, by_kernel=by_kernel)
    try:
        codes = []
        for path in ("abs/secret.txt", "inside/deep/a.txt", "file", "loop"):
            with pytest.raises(HeldError) as caught:
                folder.read(ProjectPath.parse(path), max_bytes=100)
            codes.append(caught.value.code)
        assert codes == ["symlink"] * 4
    finally:
        folder.close()


def test_the_magic_links_of_proc_are_refused() -> None:
    """/proc/self/fd/N would lead anywhere; only the kernel's way sees them as links."""
    with confined(Path(f"/proc/{os.getpid()}"), by_kernel=kernel_confines()) as below:
        with pytest.raises(OSError):
            os.close(below.open("cwd", READ))
        with pytest.raises(OSError):
            os.close(below.open("root/etc/passwd", READ))


class Flipper:
    """Swaps a folder and a link to the outside under one name, as fast as it can."""

    def __init__(self, root: Path, outside: Path) -> None:
        self.flips = 0
        self._name, self._folder = root / "sub", root / ".folder"
        self._outside = outside
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Flipper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._name.rename(self._folder)
            self._name.symlink_to(self._outside)
            self._name.unlink()
            self._folder.rename(self._name)
            self.flips += 2


def race(tmp_path: Path, flips: int, *, by_kernel: bool) -> tuple[int, int]:
    """Read and write while a folder flips to a link; how often it was inside and refused."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "sub").mkdir(parents=True)
    outside.mkdir()
    (root / "sub" / "a.txt").write_bytes(b"inside")
    (outside / "a.txt").write_bytes(b"outside")
    path = ProjectPath.parse("sub/a.txt")
    folder = Folder.open(root, by_kernel=by_kernel)
    writer = Writer(folder, root / ".rtcd" / "limbo", durable=False)
    inside = refused = 0
    number = 0
    try:
        with Flipper(root, outside) as flipper:
            while flipper.flips < flips:
                try:
                    found = folder.read(path, max_bytes=1000)
                    if found is None:
                        continue
                    assert found.data != b"outside"
                    number += 1
                    writer.write(path, b"inside %d" % number, expected=found)
                    inside += 1
                except HeldError:
                    refused += 1
                if number % 50 == 0:
                    writer.late_saves(1e9)
    finally:
        folder.close()
    assert sorted(p.name for p in outside.iterdir()) == ["a.txt"]
    assert (outside / "a.txt").read_bytes() == b"outside"
    return inside, refused


@WAYS
def test_no_escape_while_a_folder_flips_to_a_link(tmp_path: Path, *, by_kernel: bool) -> None:
    inside, refused = race(tmp_path, 10_000, by_kernel=by_kernel)
    assert inside > 0
    assert refused > 0


@pytest.mark.long
@pytest.mark.timeout(600)
@WAYS
def test_no_escape_in_a_hundred_thousand_flips(tmp_path: Path, *, by_kernel: bool) -> None:
    race(tmp_path, 100_000, by_kernel=by_kernel)
