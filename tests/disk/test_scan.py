"""The walk names every shared file once and never leaves the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtcd.disk.folder import Folder
from rtcd.disk.scan import load_rules, walk, walk_folders
from rtcd.project_path import ProjectPath


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    root = tmp_path / "project"
    for path in ("a.txt", "sub/b.txt", "sub/deep/c.ipynb", ".git/config", "node_modules/x/y.js"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    folder = Folder.open(root)
    yield folder
    folder.close()


def names(folder: Folder) -> list[str]:
    return [path.value for path, _ in walk(folder, load_rules(folder))]


def test_every_shared_file_is_named(folder: Folder) -> None:
    assert names(folder) == ["a.txt", "sub/b.txt", "sub/deep/c.ipynb"]
    folders = [path.value for path in walk_folders(folder, load_rules(folder))]
    assert folders == ["sub", "sub/deep"]


def test_the_stats_are_those_of_the_files(folder: Folder) -> None:
    assert all(stat == folder.stat(path) for path, stat in walk(folder, load_rules(folder)))


def test_links_are_named_and_not_followed(folder: Folder) -> None:
    (folder.root / "sub" / "up").symlink_to("..")
    (folder.root / "out").symlink_to("/etc")
    found = {path.value: stat.kind for path, stat in walk(folder, load_rules(folder))}
    assert found == {
        "a.txt": "file",
        "out": "link",
        "sub/b.txt": "file",
        "sub/deep/c.ipynb": "file",
        "sub/up": "link",
    }


def test_ignore_files_of_all_folders_count(folder: Folder) -> None:
    (folder.root / ".gitignore").write_text("*.txt\n")
    (folder.root / "sub" / ".gitignore").write_text("!b.txt\n")
    (folder.root / "sub" / ".rtcdignore").write_text("deep/\n")
    assert names(folder) == ["sub/b.txt"]


def test_an_ignore_file_in_a_folder_that_is_left_out_does_not_count(folder: Folder) -> None:
    (folder.root / ".gitignore").write_text("sub/\n")
    (folder.root / "sub" / ".gitignore").write_text("!*\n")
    assert names(folder) == ["a.txt"]


def test_an_ignore_file_that_is_a_link_is_not_read(folder: Folder) -> None:
    outside = folder.root.parent / "rules"
    outside.write_text("*.txt\n")
    (folder.root / ".gitignore").symlink_to(outside)
    assert names(folder) == ["a.txt", "sub/b.txt", "sub/deep/c.ipynb"]


def test_names_that_are_not_utf8_are_reported_and_skipped(folder: Folder) -> None:
    Path(os.fsdecode(os.fsencode(folder.root) + b"/sub/bad\xff")).write_text("")
    refused = []
    found = [
        path.value
        for path, _ in walk(folder, load_rules(folder), lambda *name: refused.append(name))
    ]
    assert found == ["a.txt", "sub/b.txt", "sub/deep/c.ipynb"]
    assert refused == [(ProjectPath.parse("sub"), "bad\udcff")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list everything")
def test_a_folder_that_cannot_be_listed_is_skipped(folder: Folder) -> None:
    (folder.root / "sub").chmod(0)
    assert names(folder) == ["a.txt"]
    (folder.root / "sub").chmod(0o700)
