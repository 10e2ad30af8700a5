"""A file that could not be read when its room was joined."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from rtcd.content import Content, TextContent
from rtcd.errors import HeldError
from rtcd.sync.looking_again import LookingAgain

CONTENT = TextContent("one\n")


class File:
    """Its disk fails as often as told."""

    def __init__(self, failures: int, code: str) -> None:
        self.hold: HeldError | None = HeldError("no", hint="", code=code)
        self.looks = 0
        self._failures = failures

    async def look(self, *, known_size: int) -> Content | None:
        self.looks += 1
        if self.looks <= self._failures:
            return None
        self.hold = None
        return CONTENT


class Open:
    """A file whose room was just joined, and a clock that can be set."""

    def __init__(self, *, failures: int = 0, code: str = "read-error") -> None:
        self.now = 0.0
        self.file = File(failures, code)
        self.met: list[Content | None] = []
        open_file = SimpleNamespace(
            file=self.file,
            clock=lambda: self.now,
            ledger=SimpleNamespace(known_size=lambda: 4),
            on_change=lambda: None,
        )
        meeting = SimpleNamespace(has_met=False, meet=self._meet)
        self.again = LookingAgain(cast("Any", open_file), cast("Any", meeting))
        self.again.begin()

    async def _meet(self, _room: object, disk: Content | None) -> None:
        if self.file.hold is None:
            self.met.append(disk)

    async def pass_time(self, looks: int) -> None:
        """Come back each time that it asks to."""
        for _ in range(looks):
            seconds = self.again.seconds_to_next(self.now)
            assert seconds is not None
            self.now += seconds + 0.001
            await self.again.look(cast("Any", None))


async def test_it_is_read_again_until_that_succeeds_and_then_it_meets_the_room() -> None:
    opened = Open(failures=3)
    await opened.pass_time(4)
    assert (opened.file.looks, opened.met) == (4, [CONTENT])
    assert opened.again.seconds_to_next(opened.now) is None


async def test_it_is_not_read_before_its_time() -> None:
    opened = Open()
    await opened.again.look(cast("Any", None))
    assert opened.file.looks == 0


async def test_a_file_that_only_its_owner_can_mend_is_not_read_again_and_again() -> None:
    assert Open(code="not-utf8").again.seconds_to_next(0.0) is None
