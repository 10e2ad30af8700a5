"""Disk and room meet: what people type in the room meanwhile is part of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

from rtcd.content import TextContent
from rtcd.documents.open_document import new_document
from rtcd.merge.replica import Replica
from rtcd.merge.versions import Version
from rtcd.sync.meeting import Meeting
from rtcd.sync.open_file import LeftBehind, OpenFile
from rtcd.sync.room_base import RoomBase

FIRST = "one\ntwo\nthree\nfour\n"
LAST = FIRST + "theirs\n"
SAVED = FIRST.replace("two", "two, mine")
SAVED_AGAIN = SAVED.replace("three", "three, mine too")


def written(number: int, text: str) -> Version:
    return Version(number, TextContent(text), None, False, True, float(number))


class NewRoom:
    """A room that the server made of an old save; a colleague types while we wait for our turn."""

    def __init__(self, typed: str, *, made_of: str = SAVED, on_disk: str = SAVED_AGAIN) -> None:
        self.document = new_document("text")
        self.document.become(TextContent(made_of))
        disk = TextContent(on_disk)
        self.replica = Replica("text", self.document.shared.update_since(), disk=disk, now=5.0)
        self.typed = typed
        self.sent: list[bytes] = []
        open_file = SimpleNamespace(
            path="notes.md",
            rooms=SimpleNamespace(exclusive=self._exclusive, is_host=True),
            joined=self.replica,
            earlier=(),
            clock=lambda: 9.0,
            saver=lambda *, git: "Ada",
            send=self._send,
            unsent=lambda: False,
            file=SimpleNamespace(snapshot=SimpleNamespace(data=disk.text.encode(), digest="d")),
            ledger=SimpleNamespace(
                record=lambda *_, **__: None,
                versions_on_disk=lambda *_: (written(0, FIRST), written(1, LAST)),
            ),
            generations=SimpleNamespace(changed=lambda: None),
            lost=False,
        )
        remembering = SimpleNamespace(
            record_conflicts=lambda *_, **__: None, remember_base=lambda _: None
        )
        self.meeting = Meeting(cast("OpenFile", open_file), cast("Any", remembering), began=0.0)

    @contextlib.asynccontextmanager
    async def _exclusive(self, _file_id: str) -> AsyncIterator[None]:
        state = self.document.shared.state_vector()
        self.document.become(TextContent(self.document.content().text + self.typed))
        self.replica.receive(self.document.shared.update_since(state))
        yield

    async def _send(self, _room: object, update: bytes) -> None:
        self.document.shared.apply_update(update)

    async def share(self) -> str:
        """The save that the room was made of, and a second one; what the room has in the end."""
        return await self._shared(LAST, SAVED_AGAIN, loaded=TextContent(SAVED))

    async def share_what_was_lost(self, last: str, on_disk: str) -> str:
        """What the disk has, after the server lost what both had last."""
        return await self._shared(FIRST, on_disk, last=TextContent(last))

    async def _shared(self, base: str, on_disk: str, **known: TextContent) -> str:
        room = SimpleNamespace(room_id="text:file:7", session_id="s", unacknowledged=0)
        await self.meeting._share(
            cast("Any", room), RoomBase(TextContent(base)), TextContent(on_disk), **known
        )
        return cast("TextContent", self.document.content()).text


async def test_a_lost_line_that_others_have_brought_back_and_edited_is_there_once() -> None:
    last = FIRST + "compute = rows\n"
    mine = FIRST + "mine compute = rows\nlast_of_mine\n"
    room = NewRoom("theirs compute = rows\n", made_of=FIRST, on_disk=mine)
    merged = await room.share_what_was_lost(last, mine)
    assert merged == FIRST + "theirs mine compute = rows\nlast_of_mine\n"


async def test_a_lost_line_that_nobody_has_brought_back_comes_back() -> None:
    last = FIRST + "compute = rows\n"
    room = NewRoom("typed since\n", made_of=FIRST, on_disk=last)
    merged = await room.share_what_was_lost(last, last)
    assert sorted(merged.splitlines()) == sorted([*last.splitlines(), "typed since"])


def test_what_a_lost_room_held_is_added_to_a_file_that_came_in_its_place() -> None:
    meeting = NewRoom("").meeting
    opened = cast("Any", meeting)._open
    opened.not_on_disk = LeftBehind(None, TextContent(FIRST + "typed\n"))
    brought = meeting._with_what_was_not_on_disk(TextContent(FIRST))
    assert brought == TextContent(FIRST + "typed\n")
    opened.not_on_disk = LeftBehind(TextContent(FIRST), TextContent(FIRST))
    assert meeting._with_what_was_not_on_disk(TextContent(SAVED)) == TextContent(SAVED)


async def test_what_no_disk_had_when_the_room_was_lost_comes_back_beside_what_was_typed_since():
    room = NewRoom("typed since\n", made_of=FIRST)
    opened = cast("Any", room.meeting)._open
    opened.not_on_disk = LeftBehind(None, TextContent(FIRST + "never written\n"))
    opened.receives_only = False
    opened.file.hold = None
    opened.ledger.base_bytes = lambda *_: (None, False)
    joined = SimpleNamespace(room_id="text:file:7", session_id="s", unacknowledged=0)
    await room.meeting.meet(cast("Any", joined), None)
    lines = cast("TextContent", room.document.content()).text.splitlines()
    assert sorted(lines) == sorted([*FIRST.splitlines(), "never written", "typed since"])


async def test_what_is_typed_while_a_second_save_waits_for_its_turn_stays() -> None:
    room = NewRoom("typed meanwhile\n")
    lines = (await room.share()).splitlines()
    assert sorted(lines) == sorted(
        ["one", "two, mine", "three, mine too", "four", "theirs", "typed meanwhile"]
    )
    assert room.replica.live.content() == room.document.content()
