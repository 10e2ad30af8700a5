"""Files that cannot be understood for a while, with people in their rooms."""

from __future__ import annotations

import json

import pytest

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async

pytestmark = [pytest.mark.end_to_end]


async def test_a_file_that_was_broken_before_its_room_opened_is_merged_when_repaired(
    host: RtcdFolder,
):
    host.write("notes.txt", "one\ntwo\nthree\n")
    host.start()
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        await eventually_async(lambda: host.status()["files"][0]["live"], "the daemon to join")
        host.write("notes.txt", b"one\ntwo\nthree\n\xff broken\n")
        await eventually_async(
            lambda: host.status()["files"][0]["reason"] == "not-utf8", "the hold"
        )
        await grace.type("typed meanwhile\n", at=0)
        host.stop()
        assert (host.root / "notes.txt").read_bytes() == b"one\ntwo\nthree\n\xff broken\n"


@pytest.mark.long
def test_a_guest_with_a_broken_file_heals_without_doubling(host: RtcdFolder, new_folder):
    host.write("notes.txt", "one\ntwo\nthree\n")
    host.start()
    guest = new_folder("guest")
    arguments = ("--server", host.address.url)
    guest.start(*arguments, token=host.address.token.reveal())
    guest.stop()
    guest.write("notes.txt", b"one\ntwo\nthree\n\xff broken\n")
    guest.start(*arguments, token=host.address.token.reveal())
    assert guest.status()["files"][0]["reason"] == "not-utf8"
    host.write("notes.txt", "zero\none\ntwo\nthree\n")
    host.wait()
    assert (guest.root / "notes.txt").read_bytes() == b"one\ntwo\nthree\n\xff broken\n"
    guest.write("notes.txt", "one\ntwo\nthree\nrepaired\n")
    wanted = "zero\none\ntwo\nthree\nrepaired\n"
    eventually(lambda: guest.read("notes.txt") == wanted, "the merged text here")
    eventually(lambda: host.read("notes.txt") == wanted, "and there")
    assert json.loads(guest.command("conflicts", "--json").stdout)["conflicts"] == []
