"""A file that could not be read when its room was joined is read again, with back-off.

Theory of operation. A disk that failed for a moment sends no notice when it works again, and the
watcher has looked at this file already: nobody else would. Until it can be read the room is open, and
nothing is written; then disk and room meet.
"""

from __future__ import annotations

import random

from rtcd.disk.os_errors import PASSING_TROUBLE
from rtcd.sync.meeting import Meeting
from rtcd.sync.open_file import OpenFile
from rtcd.sync.ports import Room
from rtcd.sync.writing import HELD_RETRY


class LookingAgain:
    """Knows when to read one file again."""

    def __init__(self, open_file: OpenFile, meeting: Meeting) -> None:
        self._open = open_file
        self._meeting = meeting
        self._failures = 0
        self._at: float | None = None

    def begin(self) -> None:
        """The file was looked at, for a room that was just joined."""
        self._failures = 0
        self._plan()

    def seconds_to_next(self, now: float) -> float | None:
        """How long until it is read again; None when there is no need."""
        return None if self._at is None else max(0.01, self._at - now)

    async def look(self, room: Room) -> None:
        """Read it again, if it is time; when that succeeds, disk and room meet."""
        it = self._open
        if self._at is None or it.clock() < self._at:
            return
        if self._meeting.has_met or it.file.hold is None:
            self._at = None
            return
        content = await it.file.look(known_size=it.ledger.known_size())
        self._plan()
        # While it is held they do not.
        await self._meeting.meet(room, content)
        it.on_change()

    def _plan(self) -> None:
        hold = self._open.file.hold
        if hold is None or hold.code not in PASSING_TROUBLE:
            self._at = None
            return
        self._failures += 1
        self._at = self._open.clock() + HELD_RETRY.delay(self._failures, random.random())
