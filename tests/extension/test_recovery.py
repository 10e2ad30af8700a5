"""Copies of what could not be saved."""

from __future__ import annotations

import json
import stat

import pytest

from rtcd.extension.recovery import Unsaved, keep_copy, new_recovery_id


@pytest.fixture
def folder(tmp_path):
    return tmp_path / ".rtcd" / "recovery"


def unsaved(path="sub/a.py", content="x\n"):
    return Unsaved(path=path, room="text:file:1", content=content, base="b" * 64)


def test_a_copy_holds_the_text_and_the_note_tells_where_it_belongs(folder):
    copy = keep_copy(folder, "k3", unsaved())
    note = json.loads((folder / "k3.json").read_text())
    del note["at"]
    assert (copy.name, copy.read_text()) == ("k3.py", "x\n")
    assert note == {"path": "sub/a.py", "room": "text:file:1", "base": "b" * 64, "copy": "k3.py"}


def test_copies_are_for_their_owner_only_and_git_does_not_see_them(folder):
    keep_copy(folder, "k3", unsaved())
    assert {stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {0o600}
    assert {stat.S_IMODE(f.stat().st_mode) for f in (folder, folder.parent)} == {0o700}
    assert (folder.parent / ".gitignore").read_text() == "*\n"


def test_a_notebook_is_kept_as_json(folder):
    content = {"cells": [{"source": "ü"}], "nbformat": 4}
    copy = keep_copy(folder, "k3", unsaved("a.ipynb", content))
    assert json.loads(copy.read_text()) == content
    assert copy.name == "k3.ipynb"


def test_the_copy_of_a_json_file_and_its_note_are_two_files(folder):
    copy = keep_copy(folder, "k3", unsaved("a.json", "[]"))
    assert copy.read_text() == "[]"
    assert json.loads((folder / "k3.json").read_text())["copy"] == copy.name


def test_a_link_in_place_of_a_copy_is_replaced_and_not_written_through(folder, tmp_path):
    keep_copy(folder, "k0", unsaved())
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    (folder / "k3.py").symlink_to(victim)
    assert keep_copy(folder, "k3", unsaved()).read_text() == "x\n"
    assert victim.read_text() == "mine\n"


def test_the_same_id_again_replaces_and_leaves_no_remains(folder):
    keep_copy(folder, "k3", unsaved(content="old\n"))
    keep_copy(folder, "k3", unsaved(content="new\n"))
    assert (folder / "k3.py").read_text() == "new\n"
    assert sorted(f.name for f in folder.iterdir()) == ["k3.json", "k3.py"]


def test_ids_differ():
    assert len({new_recovery_id() for _ in range(100)}) == 100
