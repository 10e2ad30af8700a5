"""``OfferedChanges``: files of a server with rtcd's extension, changed without a room.

A file is put in the place of a version that the asking side knows, in one step, by the daemon of the
server's folder. It is refused where somebody has the document open, since the room is the truth then.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import NamedTuple

from rtcd.content import JsonObject
from rtcd.server.gathered import Gathered
from rtcd.server.offered_files import Ask, answers_of, named

REPLACE = "rtcd/files/replace"
OFFER = "changes"


class Answer(Enum):
    """What became of a change."""

    TAKEN = "taken"
    OPEN = "open"
    DIFFERS = "differs"
    NOT_HERE = "cannot-here"


ANSWERS = {answer.value: answer for answer in Answer}

Rooms = Callable[[], Awaitable[Sequence[str]]]
"""The documents that are open now, by their paths."""


class Change(NamedTuple):
    """A new content, the digest (sha256, hex) of the bytes whose place it takes, and whose it is."""

    path: str
    data: bytes
    expected: str
    by: str


class OfferedChanges:
    """Puts changes and looks for open documents; many at once go in one request."""

    def __init__(self, ask: Ask, rooms: Rooms) -> None:
        self._ask = ask
        self._rooms = rooms
        self._replacing: Gathered[Change, Answer]
        self._replacing = Gathered(
            self._replace_many, lambda change: len(change.data), newest_first=True
        )
        self._looking: Gathered[str, bool]
        self._looking = Gathered(self._look_many, len, newest_first=True)

    def close(self) -> None:
        """Whoever waits for an answer is cancelled."""
        self._replacing.close()
        self._looking.close()

    async def replace(self, change: Change) -> Answer:
        """Put a change in its place."""
        return await self._replacing.answer(change)

    async def is_open(self, path: str) -> bool:
        """Whether somebody has the document open; a moment later somebody may."""
        return await self._looking.answer(path)

    async def _replace_many(self, changes: list[Change]) -> list[Answer]:
        asked = [
            {
                "path": change.path,
                "content": base64.b64encode(change.data).decode(),
                "expected": change.expected,
                "by": change.by,
            }
            for change in changes
        ]
        reply = await self._ask("POST", REPLACE, {}, {"files": asked})
        what = f"change {named([change.path for change in changes])}"
        return [_answer_of(item) for item in answers_of(reply, what, len(changes))]

    async def _look_many(self, paths: list[str]) -> list[bool]:
        is_open = set(await self._rooms())
        return [path in is_open for path in paths]


def _answer_of(item: JsonObject) -> Answer:
    said = item.get("answer", item.get("error"))
    return ANSWERS.get(said, Answer.NOT_HERE) if isinstance(said, str) else Answer.NOT_HERE
