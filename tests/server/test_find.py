"""Servers that left a note; real ones are in tests/extension/test_own_server.py."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rtcd.errors import RtcdError
from rtcd.server.address import ServerAddress
from rtcd.server.find import (
    FoundServer,
    choose_server,
    find_servers,
    prefix_of,
    refusal,
    runtime_notes,
)

DEAD_PID = 2**22 + 1


def note(folder, name="jpserver-1.json", **changes):
    value = {
        "pid": os.getpid(),
        "root_dir": "/srv/x",
        "url": "http://127.0.0.1:8888/",
        "token": "t",
        "sock": "",
    } | changes
    (folder / name).write_text(json.dumps(value))


def test_a_note_tells_process_root_address_and_token(tmp_path):
    note(tmp_path)
    (found,) = runtime_notes(tmp_path)
    assert (found.pid, found.root, found.address.url, found.address.token.reveal()) == (
        os.getpid(),
        Path("/srv/x"),
        "http://127.0.0.1:8888/",
        "t",
    )


@pytest.mark.parametrize(
    "changes", [{"pid": DEAD_PID}, {"sock": "/run/s"}, {"url": 5}, {"root_dir": None}, {"pid": "x"}]
)
def test_notes_of_the_dead_and_of_no_use_are_passed_over(tmp_path, changes):
    note(tmp_path, **changes)
    assert list(runtime_notes(tmp_path)) == []


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\xff"])
def test_files_that_are_no_notes_are_passed_over(tmp_path, text):
    (tmp_path / "jpserver-2.json").write_bytes(text.encode("latin-1"))
    (tmp_path / "jpserver-3-open.html").write_text("x")
    note(tmp_path)
    assert len(list(runtime_notes(tmp_path))) == 1


def test_a_missing_runtime_folder_is_an_empty_one(tmp_path):
    assert list(runtime_notes(tmp_path / "none")) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_a_server_on_all_interfaces_is_asked_on_this_machine(tmp_path, host):
    note(tmp_path, url=f"http://{host}:8888/base/")
    (found,) = runtime_notes(tmp_path)
    assert found.address.url == "http://127.0.0.1:8888/base/"


@pytest.mark.parametrize(
    ("project", "root", "prefix"),
    [
        ("/a/b", "/a/b", ""),
        ("/a/b/c", "/a", "b/c"),
        ("/a/.b/c", "/a", None),
        ("/.a/b", "/.a", "b"),
        ("/a/bc", "/a/b", None),
        ("/a", "/a/b", None),
    ],
)
def test_the_name_of_a_project_below_a_root(project, root, prefix):
    assert prefix_of(Path(project), Path(root)) == prefix


async def test_a_note_nobody_answers_for_is_no_server(tmp_path):
    project = tmp_path / "p"
    project.mkdir()
    note(tmp_path, root_dir=str(project), url="http://127.0.0.1:9/")
    assert await find_servers(project, tmp_path) == []


def found(*, extension, collaboration=True, prefix="", port=1):
    return FoundServer(
        address=ServerAddress.parse(f"http://127.0.0.1:{port}/", token="secret-token"),
        root=Path("/srv"),
        prefix=prefix,
        pid=7,
        extension=extension,
        collaboration=collaboration,
        embedded=False,
    )


def test_a_server_with_the_extension_is_chosen():
    good = found(extension=True)
    assert choose_server([good]) is good
    assert choose_server([]) is None


def test_a_server_without_collaboration_neither_helps_nor_harms():
    """It saves only what a person saves, as any editor does."""
    assert choose_server([found(extension=False, collaboration=False)]) is None


def test_a_second_writer_is_refused_even_beside_a_good_server():
    with pytest.raises(RtcdError) as refused:
        choose_server([found(extension=True), found(extension=False, port=2)])
    assert refused.value.code == "no-extension"


def test_the_refusal_names_both_ways_out_and_no_token():
    error = refusal(found(extension=False))
    assert "http://127.0.0.1:1/ (process 7)" in error.message
    for words in (
        "jupyter server extension enable rtcd.extension",
        "jupyter server extension disable jupyter_server_ydoc",
        "stop it",
    ):
        assert words in error.hint
    assert "secret-token" not in error.message + error.hint
