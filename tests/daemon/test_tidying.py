"""When garbage is collected."""

from __future__ import annotations

import asyncio
import gc

from rtcd.daemon.tidying import AT_LAST, WORTH_IT, Tidying


class Busy:
    """So many more things happen, and then nothing any more."""

    def __init__(self, things: int) -> None:
        self.seq = 0
        self.things = things

    async def changed(self, seen: int, timeout: float) -> None:
        await asyncio.sleep(0)
        if self.seq < self.things:
            self.seq += 1


def told(things: int, count: int, grows: int = 0) -> list[int]:
    """What had happened when it was collected; ``count`` grows with each thing."""
    busy = Busy(things)
    collected: list[int] = []
    tidying = Tidying(
        busy,
        count=lambda: count + grows * busy.seq,
        collect=lambda: collected.append(busy.seq),
    )
    asyncio.run(tidying.until_tidy())
    return collected


def test_it_waits_for_a_pause():
    assert told(5, WORTH_IT) == [5]


def test_little_garbage_can_wait_for_the_next_pause():
    assert told(5, WORTH_IT - 1) == []


def test_without_a_pause_it_waits_until_there_is_much():
    assert told(10_000, WORTH_IT, grows=1) == [AT_LAST - WORTH_IT]


async def test_python_collects_everything_in_no_moment_of_its_own():
    before = gc.get_threshold()
    task = asyncio.create_task(Tidying(Busy(0)).run())
    try:
        async with asyncio.timeout(30):
            while gc.get_threshold() == before:
                await asyncio.sleep(0)
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > AT_LAST * 100
    finally:
        task.cancel()
        gc.set_threshold(*before)
