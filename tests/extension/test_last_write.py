"""A daemon that died between its write and its mark: the server goes on from those bytes."""

from __future__ import annotations

import hashlib
import json
import os
import uuid

import pytest

from extension.fake_daemon import lock_held
from extension.room_client import joined, until
from rtcd.disk.limbo_journal import Entry, Journal
from rtcd.extension.last_write import last_write
from rtcd.project_path import ProjectPath

WRITE = "0001"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_as_the_daemon(places, name: str, text: str, *, write: str = WRITE) -> None:
    """Written down in the journal, then done; the mark never comes."""
    file = places.project / name
    places.limbo.mkdir(parents=True, exist_ok=True)
    folder = os.open(places.limbo, os.O_RDONLY)
    journal = Journal(folder)
    before = digest(file.read_text())
    journal.append(write, Entry(ProjectPath.parse(name), frozenset({before, digest(text)})))
    journal.close()
    os.close(folder)
    file.write_text(text)


def copies_of(places, name: str) -> list[str]:
    notes = [json.loads(file.read_text()) for file in places.recovery.glob("*.json")]
    return [(places.recovery / note["copy"]).read_text() for note in notes if note["path"] == name]


@pytest.fixture
def name() -> str:
    """A new one for each try: the server remembers the files of the tries before."""
    return f"{uuid.uuid4().hex}.txt"


@pytest.mark.end_to_end
async def test_the_server_saves_over_what_the_dead_daemon_wrote_and_did_not_mark(served, name):
    file = served.project / name
    file.write_text("one\n")
    async with joined(served.address, name) as room:
        with lock_held(served.places):
            room.text += "ty"
            write_as_the_daemon(served.places, name, "one\nty")
            room.text += "ped\n"
        await until(lambda: file.read_text() == "one\ntyped\n")
    assert copies_of(served.places, name) == []


@pytest.mark.end_to_end
async def test_what_somebody_saved_after_that_write_is_left_alone(served, name):
    file = served.project / name
    file.write_text("one\n")
    async with joined(served.address, name) as room:
        with lock_held(served.places):
            room.text += "ty"
            write_as_the_daemon(served.places, name, "one\nty")
            file.write_text("one\nby somebody else\n")
            room.text += "ped\n"
        await until(lambda: copies_of(served.places, name) == ["one\ntyped\n"])
    assert file.read_text() == "one\nby somebody else\n"


@pytest.mark.end_to_end
async def test_the_daemons_last_write_counts_once_and_not_when_somebody_restores_it(served, name):
    file = served.project / name
    file.write_text("one\n")
    async with joined(served.address, name) as room:
        with lock_held(served.places):
            room.text += "ty"
            write_as_the_daemon(served.places, name, "one\nty")
            room.text += "ped\n"
        await until(lambda: file.read_text() == "one\ntyped\n")
        file.write_text("one\nty")
        room.text += "more\n"
        await until(lambda: copies_of(served.places, name) == ["one\ntyped\nmore\n"])
    assert file.read_text() == "one\nty"


def test_the_last_write_of_each_file_is_found(tmp_path):
    lines = [
        {"name": "1", "path": "a.txt", "known": ["x", "y"]},
        {"name": "2", "path": "b.txt", "known": ["z"]},
        {"name": "3", "path": "a.txt", "known": ["v", "w"]},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "journal").write_text(text + '{"name": "4", "pa')
    assert last_write(tmp_path, "a.txt") == ("3", frozenset({"v", "w"}))
    assert last_write(tmp_path, "b.txt") == ("2", frozenset({"z"}))
    assert last_write(tmp_path, "c.txt") == ("", frozenset())
    assert last_write(tmp_path / "absent", "a.txt") == ("", frozenset())
