"""Questions that are asked at the same time, put to a server in one request."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, cast

Q = TypeVar("Q")
A = TypeVar("A")

REQUESTS_AT_ONCE = 2
MAX_QUESTIONS = 50
MAX_BYTES = 1024 * 1024


class Gathered(Generic[Q, A]):
    """Whoever asks waits for an own answer; what waits at one moment is sent together.

    A lone question is sent at once, so that gathering delays nobody: more than one wait only while
    requests are under way.
    """

    def __init__(
        self,
        ask: Callable[[list[Q]], Awaitable[list[A]]],
        size: Callable[[Q], int],
        *,
        newest_first: bool = False,
    ) -> None:
        """``ask`` answers every question, in their order; ``size`` tells about how many bytes one has.

        ``newest_first``: a question that comes alone does not wait behind a crowd of earlier ones.
        """
        self._ask = ask
        self._size = size
        self._newest_first = newest_first
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._requests: set[asyncio.Task[None]] = set()

    async def answer(self, question: Q) -> A:
        """The answer to one question.

        Raises:
            Exception: what ``ask`` raised for the request that this one was part of.
        """
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        if self._newest_first:
            self._waiting.appendleft((question, future))
        else:
            self._waiting.append((question, future))
        if len(self._requests) < REQUESTS_AT_ONCE:
            self._requests.add(asyncio.create_task(self._send()))
        return await future

    def close(self) -> None:
        """Whoever waits is cancelled."""
        for request in self._requests:
            request.cancel()
        while self._waiting:
            self._waiting.popleft()[1].cancel()

    async def _send(self) -> None:
        try:
            await self._send_all()
        finally:
            # Here and not when the loop gets to it: who was answered may ask again before that, and
            # would take a request that has ended for one that will send the question.
            self._requests.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _send_all(self) -> None:
        while batch := self._next():
            futures = [future for _, future in batch]
            try:
                answers = await self._ask([question for question, _ in batch])
            except asyncio.CancelledError:
                for future in futures:
                    future.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - the edge of a task: it goes to all who asked
                for future in futures:
                    if not future.done():
                        future.set_exception(error)
                continue
            for future, answer in zip(futures, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    def _next(self) -> list[tuple[Q, asyncio.Future[A]]]:
        """What is sent next: at least one question, if any waits."""
        batch: list[tuple[Q, asyncio.Future[A]]] = []
        size = 0
        while self._waiting and len(batch) < MAX_QUESTIONS:
            size += self._size(self._waiting[0][0])
            if batch and size > MAX_BYTES:
                break
            batch.append(self._waiting.popleft())
        return [one for one in batch if not one[1].done()] or (self._next() if batch else [])
