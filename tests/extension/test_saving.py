"""Who writes the file, and when: a real server, a real room, a stand-in for the daemon."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import stat

import pytest

from extension.fake_daemon import daemon, lock_held
from extension.room_client import NotebookClient, joined, until

pytestmark = pytest.mark.end_to_end

# Longer than upstream's poll (1 s) and debounce (1 s) together with our tick.
PAST_ALL_TIMERS = 1.6


def recovery_notes(served, name):
    notes = [json.loads(file.read_text()) for file in served.places.recovery.glob("*.json")]
    return [note for note in notes if note.get("path") == name]


async def test_an_outside_write_leaves_the_room_alone_while_the_daemon_lives(served):
    """Upstream would have replaced the room's text after a second."""
    file = served.project / "outside.txt"
    file.write_text("one\n")
    with lock_held(served.places):
        async with joined(served.address, "outside.txt") as room:
            room.text += "typed\n"
            file.write_text("one, from outside\n")
            await asyncio.sleep(PAST_ALL_TIMERS)
            assert room.content == "one\ntyped\n"
            assert file.read_text() == "one, from outside\n"
            saving = f"Saving the content from room text:file:{room.file_id}"
            assert saving not in served.log.read_text()


async def test_an_explicit_save_becomes_a_flush_request_and_the_server_writes_nothing(served):
    file = served.project / "explicit.txt"
    file.write_text("one\n")
    async with daemon(served.places) as requests, joined(served.address, "explicit.txt") as room:
        room.text += "typed\n"
        file.write_text("one, from outside\n")
        assert await room.save() == "success"
        assert {"command": "flush", "arguments": {"path": "explicit.txt"}} in requests
        assert (room.content, file.read_text()) == ("one\ntyped\n", "one, from outside\n")


async def test_two_explicit_saves_at_once_both_reach_the_daemon(served):
    """Upstream lets a second save cancel the first and calls both a success."""
    (served.project / "twice.txt").write_text("one\n")

    async def slowly(_path):
        await asyncio.sleep(0.3)
        return {"result": {}}

    async with (
        daemon(served.places, slowly) as requests,
        joined(served.address, "twice.txt") as one,
        joined(served.address, "twice.txt") as other,
    ):
        one.text += "typed\n"
        assert await asyncio.gather(one.save(), other.save()) == ["success", "success"]
        asked = {"command": "flush", "arguments": {"path": "twice.txt"}}
        assert requests.count(asked) == 2


async def test_a_flush_that_failed_is_not_called_a_success(served):
    (served.project / "failed.txt").write_text("one\n")

    async def refuse(_path):
        return {"error": {"code": "disk-full", "message": "no space", "hint": ""}}

    async with daemon(served.places, refuse), joined(served.address, "failed.txt") as room:
        room.text += "typed\n"
        assert await room.save() == "failed"
    assert (served.project / "failed.txt").read_text() == "one\n"


async def test_a_daemon_that_does_not_answer_makes_the_save_fail_in_the_end(served):
    (served.project / "mute.txt").write_text("one\n")

    async def never(_path):
        await asyncio.sleep(60)

    async with daemon(served.places, never), joined(served.address, "mute.txt") as room:
        assert await room.save() == "failed"


async def test_what_the_daemon_had_not_written_is_saved_after_its_death_without_a_keystroke(served):
    file = served.project / "death.txt"
    file.write_text("one\n")
    async with joined(served.address, "death.txt") as room:
        with lock_held(served.places):
            room.text += "typed\n"
            await asyncio.sleep(PAST_ALL_TIMERS)
            assert file.read_text() == "one\n"
        await until(lambda: file.read_text() == "one\ntyped\n")


async def test_without_a_daemon_a_room_is_saved_within_three_seconds(served):
    file = served.project / "alone.txt"
    file.write_text("one\n")
    async with joined(served.address, "alone.txt") as room:
        room.text += "typed\n"
        await until(lambda: file.read_text() == "one\ntyped\n")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        await until(lambda: room.state.get("hash") == digest and room.state["dirty"] is False)


async def test_a_save_is_not_itself_a_reason_to_save(served):
    """The server notes each save in the room; that must not look like typing."""
    (served.project / "once.txt").write_text("one\n")
    async with joined(served.address, "once.txt") as room:
        saving = f"Saving the content from room text:file:{room.file_id}"
        room.text += "typed\n"
        await until(lambda: room.state.get("dirty") is False)
        await asyncio.sleep(PAST_ALL_TIMERS)
        assert served.log.read_text().count(saving) == 1


async def test_an_outside_write_without_a_daemon_keeps_both_texts(served):
    """The disk does not win, the room does not win: the next daemon merges."""
    file = served.project / "both.txt"
    file.write_text("one\n")
    base = hashlib.sha256(file.read_bytes()).hexdigest()
    async with joined(served.address, "both.txt") as room:
        file.write_text("from outside\n")
        room.text += "typed\n"
        await until(lambda: recovery_notes(served, "both.txt"))
        assert await room.save() == "failed"
        (note,) = recovery_notes(served, "both.txt")
        copy = served.places.recovery / note["copy"]
        assert (file.read_text(), room.content) == ("from outside\n", "one\ntyped\n")
        assert copy.read_text() == "one\ntyped\n"
        assert (note["base"], note["room"]) == (base, f"text:file:{room.file_id}")
        assert copy.suffix == ".txt"
        modes = {stat.S_IMODE(f.stat().st_mode) for f in served.places.recovery.iterdir()}
        assert modes == {0o600}


async def test_a_later_recovery_copy_of_a_room_replaces_the_earlier(served):
    file = served.project / "again.txt"
    file.write_text("one\n")
    async with joined(served.address, "again.txt") as room:
        file.write_text("from outside\n")
        room.text += "typed\n"
        assert await room.save() == "failed"
        room.text += "more\n"
        assert await room.save() == "failed"
        (note,) = recovery_notes(served, "again.txt")
        copy = served.places.recovery / note["copy"]
        assert copy.read_text() == "one\ntyped\nmore\n"


@pytest.mark.parametrize("age", [0, -5000])
async def test_an_outside_write_is_seen_whatever_its_time(served, age):
    """Content counts: `cp -p` brings an older time, some tools keep the time as it was."""
    file = served.project / f"age{age}.txt"
    file.write_text("one\n")
    found = file.stat()
    async with joined(served.address, file.name) as room:
        file.write_text("two\n")
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns + age * 10**9))
        room.text += "typed\n"
        assert await room.save() == "failed"
        assert file.read_text() == "two\n"
        assert len(recovery_notes(served, file.name)) == 1


async def test_a_mark_left_by_the_daemon_tells_what_is_on_disk(served):
    """The daemon wrote the file and said so in the room; the server may write over that."""
    file = served.project / "marked.txt"
    file.write_text("one\n")
    async with joined(served.address, "marked.txt") as room:
        with lock_held(served.places):
            room.text += "two\n"
            file.write_text("one\ntwo\n")
            room.state["hash"] = hashlib.sha256(file.read_bytes()).hexdigest()
            room.state["dirty"] = False
            room.text += "three\n"
            await asyncio.sleep(0.3)
        await until(lambda: file.read_text() == "one\ntwo\nthree\n")
        assert recovery_notes(served, "marked.txt") == []


async def test_a_file_that_already_holds_the_rooms_text_is_not_written_again(served):
    file = served.project / "same.txt"
    file.write_text("one\n")
    async with joined(served.address, "same.txt") as room:
        room.text += "typed\n"
        file.write_text("one\ntyped\n")
        before = file.stat()
        assert await room.save() == "success"
        after = file.stat()
        assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)


async def test_a_deleted_file_is_not_brought_back_and_its_text_is_kept(served):
    file = served.project / "gone.txt"
    file.write_text("one\n")
    async with joined(served.address, "gone.txt") as room:
        file.unlink()
        room.text += "typed\n"
        assert await room.save() == "failed"
        assert not file.exists()
        (note,) = recovery_notes(served, "gone.txt")
        assert (served.places.recovery / note["copy"]).read_text() == "one\ntyped\n"


async def test_a_file_the_daemon_does_not_share_is_saved_by_the_server(served):
    """An ignored file that somebody edits in the browser belongs to nobody else."""
    file = served.project / "ignored.txt"
    file.write_text("one\n")

    async def not_mine(_path):
        return {"error": {"code": "not-shared", "message": "ignored", "hint": ""}}

    async with daemon(served.places, not_mine), joined(served.address, "ignored.txt") as room:
        room.text += "typed\n"
        assert await room.save() == "success"
        assert file.read_text() == "one\ntyped\n"
        room.text += "more\n"
        await until(lambda: file.read_text() == "one\ntyped\nmore\n")


async def test_a_quiet_room_asks_the_daemon_once(served):
    (served.project / "quiet.txt").write_text("one\n")
    async with daemon(served.places) as requests, joined(served.address, "quiet.txt") as room:
        room.text += "typed\n"
        # Rooms of other tests live on for a minute and may ask, too.
        asked = {"command": "flush", "arguments": {"path": "quiet.txt"}}
        await until(lambda: asked in requests)
        await asyncio.sleep(1)
        assert requests.count(asked) == 1


async def test_a_daemon_that_works_with_another_server_is_not_relied_on(served):
    file = served.project / "other.txt"
    file.write_text("one\n")
    with lock_held(served.places, json.dumps({"server": "https://elsewhere.example/"})):
        async with joined(served.address, "other.txt") as room:
            room.text += "typed\n"
            await until(lambda: file.read_text() == "one\ntyped\n")


async def test_line_ends_of_the_file_survive_a_save_by_the_server(served):
    file = served.project / "crlf.txt"
    file.write_bytes(b"one\r\ntwo\r\n")
    async with joined(served.address, "crlf.txt") as room:
        room.text += "three\n"
        assert await room.save() == "success"
        assert file.read_bytes() == b"one\r\ntwo\r\nthree\r\n"


async def test_opening_a_notebook_writes_nothing_and_editing_saves_it(served):
    file = served.project / "n.ipynb"
    notebook = {
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["x"]},
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    file.write_text(json.dumps(notebook))
    before = file.stat()
    address = served.address
    async with joined(address, "n.ipynb", ("json", "notebook"), NotebookClient) as room:
        await asyncio.sleep(PAST_ALL_TIMERS)
        after = file.stat()
        assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)
        source = room.cells[0]["source"]
        source += "y"
        # Upstream empties a file before it writes it, so do not parse what is half there.
        await until(lambda: '"xy"' in file.read_text())


async def test_a_new_room_of_a_file_takes_over_what_is_on_disk(served):
    """Loading is upstream's own; only reloading is not."""
    file = served.project / "reopen.txt"
    file.write_text("one\n")
    async with joined(served.address, "reopen.txt") as room:
        assert room.content == "one\n"
        async with joined(served.address, "reopen.txt") as second:
            second.text += "two\n"
            await until(lambda: room.content == "one\ntwo\n")
