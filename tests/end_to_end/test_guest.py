"""Guests: folders attached to a server elsewhere, stock or embedded in a host."""

from __future__ import annotations

import json
import os
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from end_to_end.stock_server import ServedFolder, StockServer

pytestmark = [pytest.mark.end_to_end]

NOTEBOOKS = sorted((Path(__file__).parent.parent / "data" / "notebooks").glob("*.ipynb"))
SHARED_NOTEBOOKS = [file for file in NOTEBOOKS if file.name != "old-format-3.ipynb"]


def attach(folder: RtcdFolder, server: ServedFolder) -> None:
    """``rtcd start --server`` with the token in the environment."""
    folder.start("--server", server.url, "--remote-path", server.path, token=server.token)


def test_an_empty_folder_gets_every_byte_of_a_full_server(
    new_folder: NewFolder, served: ServedFolder
):
    (served.root / "deep" / "er").mkdir(parents=True)
    (served.root / "deep" / "er" / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    (served.root / "bom.csv").write_bytes(b"\xef\xbb\xbfx,y\n1,2")
    for file in NOTEBOOKS:
        (served.root / file.name).write_bytes(file.read_bytes())
    guest = new_folder("guest")
    attach(guest, served)
    for file in served.root.rglob("*"):
        if file.is_file() and ".jupyter" not in str(file):
            here = guest.root / file.relative_to(served.root)
            assert here.read_bytes() == file.read_bytes(), file


def test_a_full_folder_fills_an_empty_server_byte_for_byte(
    new_folder: NewFolder, served: ServedFolder
):
    guest = new_folder("guest")
    guest.write("sub/crlf.txt", b"a\r\nb\r\n")
    for file in SHARED_NOTEBOOKS:
        guest.write(file.name, file.read_bytes())
    attach(guest, served)
    assert (served.root / "sub" / "crlf.txt").read_bytes() == b"a\r\nb\r\n"
    for file in SHARED_NOTEBOOKS:
        assert (served.root / file.name).read_bytes() == file.read_bytes(), file.name


def test_differing_files_are_joined_and_recorded(new_folder: NewFolder, served: ServedFolder):
    (served.root / "notes.txt").write_text("shared line\nonly on the server\n")
    guest = new_folder("guest")
    guest.write("notes.txt", "shared line\nonly here\n")
    attach(guest, served)
    guest.wait()
    text = guest.read("notes.txt")
    for line in ("shared line", "only on the server", "only here"):
        assert text.count(line) == 1, text
    eventually(lambda: (served.root / "notes.txt").read_text() == text, "the server to save")
    listed = json.loads(guest.command("conflicts", "--json").stdout)["conflicts"]
    assert [conflict["reason"] for conflict in listed] == ["both-created"]
    assert listed[0]["disk"]["text"] == "shared line\nonly here\n"
    assert listed[0]["shared"]["text"] == "shared line\nonly on the server\n"


def test_edits_travel_between_two_guests_through_a_served(
    new_folder: NewFolder, served: ServedFolder
):
    first, second = new_folder("first"), new_folder("second", name="Grace Hopper")
    first.write("a.txt", "one\n")
    attach(first, served)
    attach(second, served)
    assert second.read("a.txt") == "one\n"
    second.write("a.txt", "one\ntwo\n")
    eventually(lambda: first.read("a.txt") == "one\ntwo\n", "the other folder")
    first.write("a.txt", "zero\none\ntwo\n")
    eventually(lambda: second.read("a.txt") == "zero\none\ntwo\n", "the way back")
    first.write("new/file.py", "x = 1\n")
    eventually(lambda: second.read("new/file.py") == "x = 1\n", "a new file")
    first.wait()
    assert (served.root / "a.txt").read_text() == "zero\none\ntwo\n"
    assert (served.root / "new" / "file.py").read_text() == "x = 1\n"


def test_deletions_and_renames_travel_both_ways(new_folder: NewFolder, served: ServedFolder):
    first, second = new_folder("first"), new_folder("second")
    for name in ("gone.txt", "old.txt", "kept.txt"):
        first.write(name, f"{name}\n")
    attach(first, served)
    attach(second, served)
    (first.root / "gone.txt").unlink()
    eventually(lambda: not (second.root / "gone.txt").exists(), "the deletion")
    assert not (served.root / "gone.txt").exists()
    os.rename(second.root / "old.txt", second.root / "new.txt")
    eventually(lambda: first.read("new.txt") == "old.txt\n", "the new name")
    eventually(lambda: not (first.root / "old.txt").exists(), "the old name to go")
    assert first.read("kept.txt") == "kept.txt\n"


async def test_an_edit_beats_a_deletion(new_folder: NewFolder, served: ServedFolder):
    guest = new_folder("guest")
    guest.write("a.txt", "one\n")
    attach(guest, served)
    guest.stop()
    (guest.root / "a.txt").unlink()
    (served.root / "a.txt").write_text("one\nedited meanwhile\n")
    attach(guest, served)
    eventually(lambda: guest.read("a.txt") == "one\nedited meanwhile\n", "the edited file")


def test_edits_made_offline_on_both_sides_are_merged(new_folder: NewFolder, served: ServedFolder):
    guest = new_folder("guest")
    guest.write("a.txt", "one\ntwo\nthree\n")
    attach(guest, served)
    guest.stop()
    guest.write("a.txt", "one\ntwo\nthree\nhere\n")
    (served.root / "a.txt").write_text("there\none\ntwo\nthree\n")
    attach(guest, served)
    wanted = "there\none\ntwo\nthree\nhere\n"
    eventually(lambda: guest.read("a.txt") == wanted, "the merged text here")
    eventually(lambda: (served.root / "a.txt").read_text() == wanted, "and on the server")
    assert json.loads(guest.command("conflicts", "--json").stdout)["conflicts"] == []


def test_a_restart_without_changes_moves_nothing(new_folder: NewFolder, served: ServedFolder):
    guest = new_folder("guest")
    for file in SHARED_NOTEBOOKS:
        guest.write(file.name, file.read_bytes())
    attach(guest, served)
    guest.stop()
    before = {file.name: file.stat().st_mtime_ns for file in guest.root.glob("*.ipynb")}
    attach(guest, served)
    assert guest.status()["state"] == "synced"
    assert {file.name: file.stat().st_mtime_ns for file in guest.root.glob("*.ipynb")} == before


def test_what_changed_on_either_side_meanwhile_is_seen_at_the_next_start(
    new_folder: NewFolder, served: ServedFolder
):
    guest = new_folder("guest")
    for name in ("same.txt", "ours.txt", "theirs.txt"):
        guest.write(name, "one\n")
    attach(guest, served)
    guest.stop()
    (served.root / "theirs.txt").write_text("two\n")
    guest.write("ours.txt", "two\n")
    attach(guest, served)
    eventually(lambda: guest.read("theirs.txt") == "two\n", "their change here")
    eventually(lambda: (served.root / "ours.txt").read_text() == "two\n", "ours there")
    assert guest.read("same.txt") == (served.root / "same.txt").read_text() == "one\n"


@pytest.mark.parametrize("base_url", ["/user/ada/"])
def test_a_base_url_and_a_remote_path_are_respected(
    new_folder: NewFolder, workplace: Path, base_url: str
):
    root = workplace / "hub"
    (root / "team" / "project").mkdir(parents=True)
    (root / "team" / "project" / "a.txt").write_text("a\n")
    (root / "outside.txt").write_text("not shared\n")
    with StockServer(root, base_url=base_url) as server:
        guest = new_folder("guest")
        attach(guest, ServedFolder(root / "team/project", server.url, server.token, "team/project"))
        assert guest.read("a.txt") == "a\n"
        assert not (guest.root / "outside.txt").exists()
        guest.write("b.txt", "b\n")
        eventually(
            lambda: (root / "team" / "project" / "b.txt").exists(), "the new file in its folder"
        )


def test_a_wrong_token_is_refused_with_a_hint(new_folder: NewFolder, served: ServedFolder):
    guest = new_folder("guest")
    done = guest.command("start", "--json", "--server", served.url, token="wrong")
    assert done.returncode == 3
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "server-refused"
    assert error["hint"]


async def test_notebooks_opened_in_rooms_without_an_edit_keep_their_bytes(new_folder: NewFolder):
    host, guest = new_folder("host"), new_folder("guest")
    for file in SHARED_NOTEBOOKS:
        host.write(file.name, file.read_bytes())
    host.start()
    guest.start("--server", host.address.url, token=host.address.token.reveal())
    async with AsyncExitStack() as rooms:
        for file in SHARED_NOTEBOOKS:
            await rooms.enter_async_context(RoomPerson.joined(host.address, file.name))
        for folder in (host, guest):
            await eventually_async(partial(all_are_live, folder), "all rooms to be live", 60)
            folder.wait()
    for file in SHARED_NOTEBOOKS:
        assert (host.root / file.name).read_bytes() == file.read_bytes(), file.name
        assert (guest.root / file.name).read_bytes() == file.read_bytes(), file.name


def all_are_live(folder: RtcdFolder) -> bool:
    files = folder.status()["files"]
    return len(files) == len(SHARED_NOTEBOOKS) and all(file["live"] for file in files)
