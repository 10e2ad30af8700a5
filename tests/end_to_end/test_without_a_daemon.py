"""The daemon dies; people go on in JupyterLab and on disk; it comes back."""

from __future__ import annotations

import os

import pytest

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async

pytestmark = [pytest.mark.end_to_end]


async def test_what_was_typed_on_both_sides_without_a_daemon_is_merged_by_the_next(
    host: RtcdFolder,
):
    host.write("notes.txt", "one\ntwo\nthree\n")
    host.start()
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        await grace.type("zero\n", at=0)
        await eventually_async(lambda: "zero" in host.read("notes.txt"), "the disk to follow")
        host.kill()
        host.write("notes.txt", "zero\none\ntwo\nthree\nsaved without a daemon\n")
        await grace.type("typed without a daemon\n", at=0)
        await eventually_async(
            lambda: any((host.root / ".rtcd" / "recovery").glob("*.txt")),
            "the recovery copy of the room",
            seconds=20,
        )
        assert "saved without a daemon" in host.read("notes.txt"), "the disk was not overruled"
        assert "typed without a daemon" in grace.text, "the room was not overruled"
        host.start()
        wanted = "typed without a daemon\nzero\none\ntwo\nthree\nsaved without a daemon\n"
        await eventually_async(lambda: host.read("notes.txt") == wanted, "the merged text on disk")
        await eventually_async(lambda: grace.text == wanted, "the merged text in the room")
    assert not list((host.root / ".rtcd" / "recovery").glob("*.txt"))


async def test_a_stale_buffer_saved_while_no_daemon_ran_takes_nothing_back(host: RtcdFolder):
    """The buffer was loaded before somebody typed; that version is in the history."""
    host.write("notes.txt", "one\ntwo\nthree\n")
    host.start()
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        await grace.type("typed by Grace\n", at=0)
        await eventually_async(lambda: "by Grace" in host.read("notes.txt"), "the disk to follow")
        host.wait()
    host.stop()
    host.write("notes.txt", "one\ntwo\nthree\nsaved from the morning's buffer\n")
    host.start()
    wanted = "typed by Grace\none\ntwo\nthree\nsaved from the morning's buffer\n"
    await eventually_async(lambda: host.read("notes.txt") == wanted, "the merged text on disk")


@pytest.mark.long
async def test_an_own_save_taken_back_while_no_daemon_ran_stays_taken_back(host: RtcdFolder):
    host.write("notes.txt", "one\n")
    host.start()
    host.write("notes.txt", "one\ntwo\n")
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        await eventually_async(lambda: grace.text == "one\ntwo\n", "the save to arrive")
        host.wait()
    host.stop()
    host.write("notes.txt", "one\n")
    host.start()
    host.wait()
    assert host.read("notes.txt") == "one\n"


async def test_without_a_daemon_the_server_saves(host: RtcdFolder):
    host.write("notes.txt", "one\n")
    host.start()
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        host.kill()
        await grace.type("two\n")
        await eventually_async(lambda: host.read("notes.txt") == "one\ntwo\n", "the server to save")
        host.start()
        await grace.type("three\n")
        await eventually_async(
            lambda: host.read("notes.txt") == "one\ntwo\nthree\n", "the daemon to write"
        )


@pytest.mark.long
def test_a_file_deleted_and_one_made_while_no_daemon_ran_are_seen(host: RtcdFolder):
    host.write("gone.txt", "gone\n")
    host.write("kept.txt", "kept\n")
    host.start()
    host.kill()
    os.unlink(host.root / "gone.txt")
    host.write("new.txt", "new\n")
    host.start()
    assert {file["path"] for file in host.status()["files"]} == {"kept.txt", "new.txt"}
