"""Many files told at once, and new ones made where nothing is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtcd.extension import served_files
from rtcd.extension.served_files import CannotHereError, ServedFile, ServedFiles
from rtcd.project_path import ProjectPath


def shown(name: str) -> bool:
    return not name.startswith(".")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[ServedFiles]:
    root = tmp_path / "root"
    root.mkdir()
    served = ServedFiles(root, shown)
    yield served
    served.close()


@pytest.fixture
def root(files: ServedFiles, tmp_path: Path) -> Path:
    return tmp_path / "root"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def names(found: list[ServedFile]) -> dict[str, tuple[str, int | None, str | None]]:
    return {one.name: (one.type, one.size, one.hash) for one in found}


def test_a_folder_is_told_with_digests(files: ServedFiles, root: Path) -> None:
    (root / "a.txt").write_bytes(b"one")
    (root / "b.ipynb").write_bytes(b"{}")
    (root / ".hidden").write_bytes(b"x")
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    assert names(files.list(None)) == {
        "a.txt": ("file", 3, digest(b"one")),
        "b.ipynb": ("notebook", 2, digest(b"{}")),
        "folder": ("directory", None, None),
    }
    assert files.list(ProjectPath("folder")) == []


def test_a_changed_file_has_another_digest(files: ServedFiles, root: Path) -> None:
    file = root / "a.txt"
    for word in (b"one", b"two", b"six"):
        file.write_bytes(word)
        os.utime(file, ns=(1, 1))
        assert names(files.list(None))["a.txt"][2] == digest(word)


def test_a_known_file_is_not_read_again(
    files: ServedFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_files, "YOUNG_SECONDS", -1.0)
    (root / "a.txt").write_bytes(b"one")
    first = files.list(None)
    monkeypatch.setattr(os, "read", lambda *_: pytest.fail("it was read again"))
    assert files.list(None) == first


def test_large_files_and_links_are_told_without_a_digest(
    files: ServedFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_files, "MAX_HASHED_BYTES", 3)
    (root / "large").write_bytes(b"four")
    (root / "small").write_bytes(b"one")
    (root / "link").symlink_to("small")
    (root / "broken").symlink_to("nothing")
    assert {name: found[2] for name, found in names(files.list(None)).items()} == {
        "large": None,
        "small": digest(b"one"),
        "link": None,
    }


def test_what_lies_behind_a_link_is_not_told(
    files: ServedFiles, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (root / "way").symlink_to(tmp_path / "outside")
    for path in ("way", "none"):
        with pytest.raises(CannotHereError):
            files.list(ProjectPath(path))
    with pytest.raises(CannotHereError):
        files.create(ProjectPath("way/new.txt"), b"x")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_new_file_is_whole_and_named_as_asked(files: ServedFiles, root: Path) -> None:
    (root / "folder").mkdir()
    made = files.create(ProjectPath("folder/new.txt"), b"one")
    [listed] = files.list(ProjectPath("folder"))
    assert (root / "folder/new.txt").read_bytes() == b"one"
    assert made == listed


def test_a_new_file_never_takes_a_name(files: ServedFiles, root: Path) -> None:
    (root / "taken").write_bytes(b"somebody's")
    (root / "link").symlink_to("nothing")
    (root / "folder").mkdir()
    for name in ("taken", "link", "folder"):
        with pytest.raises(FileExistsError):
            files.create(ProjectPath(name), b"ours")
    assert (root / "taken").read_bytes() == b"somebody's"
    assert not (root / "nothing").exists()


def test_without_nameless_files_the_contents_api_is_asked(
    files: ServedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_files, "NAMELESS", 0)
    with pytest.raises(CannotHereError):
        files.create(ProjectPath("new.txt"), b"x")
