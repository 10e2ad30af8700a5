"""A host: ``rtcd start`` in a folder, an embedded server, people in rooms, editors on disk."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from rtcd.content import NotebookContent

pytestmark = [pytest.mark.end_to_end]


async def test_typing_in_the_room_reaches_the_disk_and_a_save_reaches_the_room(host: RtcdFolder):
    host.write("notes.txt", "alpha\nbeta\n")
    host.start()
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        await grace.type("gamma\n")
        await eventually_async(
            lambda: host.read("notes.txt") == "alpha\nbeta\ngamma\n", "the disk to follow"
        )
        host.write("notes.txt", "alpha!\nbeta\ngamma\n")
        await eventually_async(lambda: grace.text == "alpha!\nbeta\ngamma\n", "the room to follow")
    host.wait()
    status = host.status()
    assert status["state"] == "synced"
    assert status["problems"] == []
    assert status["server"]["mode"] == "embedded"


async def test_a_save_from_an_old_version_keeps_what_others_typed(host: RtcdFolder):
    host.write("notes.txt", "one\ntwo\nthree\n")
    host.start()
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        await grace.type("typed by Grace\n", at=0)
        await eventually_async(lambda: "Grace" in host.read("notes.txt"), "the disk to follow")
        host.write("notes.txt", "one\ntwo\nthree\nsaved from an old buffer\n")
        wanted = "typed by Grace\none\ntwo\nthree\nsaved from an old buffer\n"
        await eventually_async(lambda: grace.text == wanted, "both edits in the room")
        await eventually_async(lambda: host.read("notes.txt") == wanted, "both edits on disk")


async def test_a_cell_edit_changes_only_the_lines_of_that_cell(host: RtcdFolder):
    source = Path(__file__).parent.parent / "data" / "notebooks" / "data-science.ipynb"
    before = source.read_bytes()
    host.write("work.ipynb", before)
    host.start()
    async with RoomPerson.joined(host.address, "work.ipynb") as grace:
        content = grace.content
        assert isinstance(content, NotebookContent)
        cells = list(content.cells)
        number = next(n for n, cell in enumerate(cells) if cell.cell_type == "code")
        cells[number] = replace(cells[number], source=cells[number].source + "\nadded_line = 1")
        await grace.become(replace(content, cells=tuple(cells)))
        await eventually_async(lambda: "added_line" in host.read("work.ipynb"), "the edit on disk")
    old, new = before.decode().splitlines(), host.read("work.ipynb").splitlines()
    assert len([line for line in new if line not in old]) <= 2
    assert len([line for line in old if line not in new]) <= 1


def test_nothing_of_jupyter_appears_in_the_project_and_the_token_is_private(host: RtcdFolder):
    host.write("a.txt", "a\n")
    started = host.start()
    token_file = Path(started["server"]["token_file"])
    token = token_file.read_text()
    assert token_file.stat().st_mode & 0o777 == 0o600
    assert host.root not in token_file.parents
    assert sorted(os.listdir(host.root)) == [".rtcd", "a.txt"]
    assert (host.root / ".rtcd").stat().st_mode & 0o777 == 0o700
    shown = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True)
    assert token not in shown.stdout
    for file in [*(host.root / ".rtcd").rglob("*"), *(host.home / "state").rglob("*.log")]:
        if file.is_file():
            assert token.encode() not in file.read_bytes(), file


def test_start_twice_is_one_daemon_and_stop_ends_daemon_and_server(host: RtcdFolder):
    host.write("a.txt", "a\n")
    first = host.start()
    again = host.start()
    assert again["pid"] == first["pid"]
    assert again["server"]["url"] == first["server"]["url"]
    host.stop()
    stopped = host.command("status", "--json")
    assert stopped.returncode == 3
    assert json.loads(stopped.stdout)["error"]["code"] == "no-daemon"
    records = list((host.home / "state" / "rtcd").glob("*/server.json"))
    assert records == []


def test_bad_files_are_held_untouched_and_healed_without_a_restart(host: RtcdFolder):
    bad = {
        "broken.ipynb": b'{"cells": [',
        "latin.txt": b"caf\xe9\n",
        "image.bin": bytes(range(256)),
        "old.ipynb": b'{"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}',
    }
    for name, data in bad.items():
        host.write(name, data)
    os.symlink("/etc/hostname", host.root / "link.txt")
    os.mkfifo(host.root / "pipe.txt")
    host.write("good.txt", "good\n")
    host.start()
    files = {file["path"]: file for file in host.status()["files"]}
    reasons = {path: file["reason"] for path, file in files.items()}
    assert reasons["broken.ipynb"] == "invalid-notebook"
    assert reasons["latin.txt"] == "not-utf8"
    assert reasons["old.ipynb"] == "unsupported-format"
    assert reasons["good.txt"] is None
    for problem in host.status()["problems"]:
        assert problem["message"], problem
        assert problem["hint"], problem
    for name, data in bad.items():
        assert (host.root / name).read_bytes() == data
    host.write("latin.txt", "café\n")
    eventually(
        lambda: {f["path"]: f for f in host.status()["files"]}["latin.txt"]["state"] == "synced",
        "the hold to end",
    )


async def test_people_are_named_and_the_daemon_is_one_of_them(host: RtcdFolder):
    host.write("a.txt", "a\n")
    host.start()
    async with RoomPerson.joined(host.address, "a.txt", name="Grace Hopper") as grace:
        await eventually_async(
            lambda: "Ada Lovelace" in {person.name for person in grace.room.people()},
            "the folder's user in the room",
        )
        await eventually_async(
            lambda: any(p["name"] == "Grace Hopper" for p in host.status()["people"]),
            "Grace in the status",
        )


def test_the_ready_document_is_the_contract(host: RtcdFolder):
    host.write("a.txt", "a\n")
    started = host.start()
    assert started["schema"] == 1
    assert started["project"] == str(host.root)
    assert set(started["server"]) >= {"url", "mode", "token_file", "lab_url"}
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", started["server"]["url"])
