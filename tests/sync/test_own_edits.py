"""An edit of rtcd's own is a version with one before it, however soon after others' it comes."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from rtcd.content import TextContent
from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.documents.open_document import new_document
from rtcd.history.history import History
from rtcd.merge.replica import Replica
from rtcd.project_path import ProjectPath
from rtcd.sync.in_hand import InHand
from rtcd.sync.open_file import OpenFile
from rtcd.sync.own_edits import OwnEdits
from rtcd.sync.ports import Room
from rtcd.sync.remembering import Remembering

PATH = ProjectPath("notes.md")
STAT = FileStat(dev=1, ino=1, size=1, mtime_ns=1, ctime_ns=1, mode=0o644, nlink=1, kind="file")


def snapshot(text: str) -> Snapshot:
    data = text.encode()
    return Snapshot(path=PATH, stat=STAT, data=data, digest=hashlib.sha256(data).hexdigest())


def make_open_file(history: History) -> OpenFile:
    nothing = cast("Any", None)
    return OpenFile(
        PATH,
        "text",
        disk=nothing,
        rooms=cast("Any", SimpleNamespace(is_host=True)),
        history=history,
        clock=lambda: 100.0,
        on_change=lambda: None,
        user="Ada",
        in_hand=cast("InHand", nothing),
    )


class SilentRoom:
    """A room in which nothing ever happens."""

    room_id = "text:file:1"
    session_id = "s"
    unacknowledged = 0

    async def send_update(self, update: bytes) -> None:
        """Nobody hears it."""

    def people(self) -> list[Any]:
        return []


async def test_what_an_own_edit_replaces_is_a_version_though_no_pause_was_waited_for(
    tmp_path: Path,
) -> None:
    with closing(History.open(tmp_path / "history.db")) as history:
        it = make_open_file(history)
        document = new_document("text")
        document.become(TextContent("one\n"))
        it.replica = Replica(
            "text", document.shared.update_since(), disk=TextContent("one\n"), now=0.0
        )
        it.file.snapshot = snapshot("one\n")
        it.ledger.record(it.file.snapshot, by="Ada (local save)", source="disk")
        remembering = Remembering(it)
        own_edits = OwnEdits(it, remembering)
        room = cast("Room", SilentRoom())
        # Others type; the file follows; and before there was a pause the old text is wanted again.
        it.replica.reconcile(TextContent("one and two\n"))
        it.content_changed()
        it.file.snapshot = snapshot("one and two\n")
        own_edits.ask(lambda _: TextContent("one\n"), "restore 1")
        await own_edits.take(room)
        assert it.replica.live.content() == TextContent("one\n")
        it.file.snapshot = snapshot("one\n")
        it.generations.written(it.generations.content)
        remembering.remember(room, pause=0.0)
        told = [
            (info.source, info.about, history.blob(info.digest))
            for info in history.versions(str(PATH))
        ]
    assert told == [
        ("disk", "", b"one\n"),
        ("room", "", b"one and two\n"),
        ("restore", "1", b"one\n"),
    ]
