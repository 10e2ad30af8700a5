"""The newest comes first, never more than so many at once, and no place is lost."""

from __future__ import annotations

import asyncio

import pytest

from rtcd.sync.lifo_semaphore import LifoSemaphore


class Line:
    """Tasks that enter one after the other and stay until they are let go."""

    def __init__(self, places: int) -> None:
        self.semaphore = LifoSemaphore(places)
        self.inside: list[int] = []
        self.tasks: list[asyncio.Task[None]] = []
        self._ends: list[asyncio.Event] = []

    async def come(self, count: int) -> None:
        for _ in range(count):
            end = asyncio.Event()
            self._ends.append(end)
            self.tasks.append(asyncio.create_task(self._stay(len(self.tasks), end)))
        await settled()

    async def _stay(self, number: int, end: asyncio.Event) -> None:
        async with self.semaphore:
            self.inside.append(number)
            try:
                await end.wait()
            finally:
                self.inside.remove(number)

    async def go(self, number: int) -> None:
        self._ends[number].set()
        await settled()

    async def cancel(self, *numbers: int) -> None:
        for number in numbers:
            self.tasks[number].cancel()
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_came_last_is_next():
    line = Line(2)
    await line.come(5)
    assert line.inside == [0, 1]
    await line.go(0)
    assert line.inside == [1, 4]
    await line.come(1)
    await line.go(4)
    assert line.inside == [1, 5]
    for number, left in ((5, [1, 3]), (3, [1, 2]), (1, [2]), (2, [])):
        await line.go(number)
        assert line.inside == left


async def test_whoever_gives_up_takes_no_place_along():
    line = Line(1)
    await line.come(4)
    await line.cancel(2, 0)
    assert line.inside == [3]
    await line.go(3)
    assert line.inside == [1]
    await line.go(1)
    await line.come(1)
    assert line.inside == [4]


async def test_a_place_given_to_somebody_who_is_cancelled_goes_on():
    line = Line(1)
    await line.come(3)
    line._ends[0].set()
    # The place is handed over in this step of the loop; its new owner has not run yet.
    while line.inside == [0]:
        await asyncio.sleep(0)
    await line.cancel(2)
    assert line.inside == [1]
    await line.go(1)
    await line.come(1)
    assert line.inside == [3]


async def test_an_error_inside_frees_the_place():
    semaphore = LifoSemaphore(1)
    with pytest.raises(KeyError):
        async with semaphore:
            raise KeyError
    async with semaphore:
        pass
