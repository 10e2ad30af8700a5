"""What is asked at the same time goes in one request."""

from __future__ import annotations

import asyncio

import pytest

from rtcd.errors import ServerError
from rtcd.server import gathered
from rtcd.server.gathered import Gathered


class Server:
    """Answers with the double; each request waits until it may end."""

    def __init__(self) -> None:
        self.requests: list[list[int]] = []
        self.may_end = asyncio.Event()

    async def ask(self, questions: list[int]) -> list[int]:
        self.requests.append(questions)
        await self.may_end.wait()
        if 13 in questions:
            raise ServerError("no thirteen")
        return [2 * number for number in questions]


async def test_a_lone_question_is_sent_at_once() -> None:
    server = Server()
    server.may_end.set()
    asked = Gathered(server.ask, lambda _: 1)
    assert [await asked.answer(number) for number in (1, 2)] == [2, 4]
    assert server.requests == [[1], [2]]


async def test_what_waits_goes_together() -> None:
    server = Server()
    asked = Gathered(server.ask, lambda _: 1)
    answers = asyncio.gather(*map(asked.answer, range(5)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = asyncio.gather(*map(asked.answer, (7, 8)))
    server.may_end.set()
    assert (await answers, await later) == ([0, 2, 4, 6, 8], [14, 16])
    assert server.requests == [[0, 1, 2, 3, 4], [7, 8]]


async def test_a_request_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "MAX_BYTES", 10)
    monkeypatch.setattr(gathered, "MAX_QUESTIONS", 3)
    server = Server()
    server.may_end.set()
    asked = Gathered(server.ask, lambda number: number)
    numbers = [6, 5, 99, 1, 1, 1, 1]
    assert await asyncio.gather(*map(asked.answer, numbers)) == [2 * one for one in numbers]
    assert sorted(map(tuple, server.requests)) == [(1,), (1, 1, 1), (5,), (6,), (99,)]


async def test_the_newest_question_goes_before_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "MAX_QUESTIONS", 2)
    server = Server()
    asked = Gathered(server.ask, lambda _: 1, newest_first=True)
    crowd = asyncio.gather(*map(asked.answer, range(8)))
    while len(server.requests) < gathered.REQUESTS_AT_ONCE:
        await asyncio.sleep(0)
    alone = asyncio.create_task(asked.answer(99))
    await asyncio.sleep(0)
    server.may_end.set()
    assert await crowd == [2 * number for number in range(8)]
    assert await alone == 198
    assert 99 in server.requests[gathered.REQUESTS_AT_ONCE]


async def test_what_fails_is_told_to_those_who_asked() -> None:
    server = Server()
    server.may_end.set()
    asked = Gathered(server.ask, lambda _: 1)
    told = await asyncio.gather(asked.answer(13), asked.answer(1), return_exceptions=True)
    assert [str(one) for one in told] == ["no thirteen", "no thirteen"]
    assert await asked.answer(1) == 2


async def test_nobody_waits_for_ever_when_it_is_closed() -> None:
    server = Server()
    asked = Gathered(server.ask, lambda _: 1)
    waiting = [asyncio.create_task(asked.answer(number)) for number in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(asked.answer(9))]
    await asyncio.sleep(0)
    asked.close()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(one) for one in done} == {asyncio.CancelledError}


async def test_who_stops_waiting_is_not_asked_for() -> None:
    server = Server()
    asked = Gathered(server.ask, lambda _: 1)
    first = [asyncio.create_task(asked.answer(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone, stays = (asyncio.create_task(asked.answer(number)) for number in (3, 4))
    await asyncio.sleep(0)
    gone.cancel()
    server.may_end.set()
    assert [await one for one in (*first, stays)] == [2, 4, 8]
    assert 3 not in [number for request in server.requests for number in request]


async def test_who_asks_again_at_once_is_answered() -> None:
    """Both requests end in the same moment, and nobody is left to send what is asked then."""
    server = Server()
    asked = Gathered(server.ask, lambda _: 1)

    async def ask_twice() -> list[int]:
        return [await asked.answer(1), await asked.answer(2)]

    twice = asyncio.create_task(ask_twice())
    while not server.requests:
        await asyncio.sleep(0)
    once = asyncio.create_task(asked.answer(5))
    while len(server.requests) < 2:
        await asyncio.sleep(0)
    server.may_end.set()
    async with asyncio.timeout(30):
        assert [await twice, await once] == [[2, 4], 10]
