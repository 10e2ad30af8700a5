"""An asyncio event loop whose time is simulated, and processes that can be killed in it.

Time stands still while anything is ready to run, and jumps to the next timer when nothing is. What
would run in a thread runs in the loop, a random moment later. A *process* is everything that was
begun inside ``Process.run``: when it is killed none of it runs ever again, not even a ``finally``.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import heapq
import itertools
import logging
import random
import sys
import warnings
from asyncio import base_events, events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

EPOCH = 1_800_000_000.0
"""The simulated clock on the wall begins here, in seconds since the epoch."""

MAX_HANDLES = 3_000_000
COLLECT_EVERY = 10
MAX_UNWINDING = 20
MIN_CANCELLED = 50
_BURIED = itertools.count(1)


class KilledError(BaseException):
    """The process was killed in the middle of this call."""


class StuckError(RuntimeError):
    """Nothing will ever happen again, or too much happens in one moment."""


class Process:
    """What dies together. ``alive`` False: nothing of it runs any more."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.tasks: list[asyncio.Task[Any]] = []
        self.context = contextvars.copy_context()
        self.context.run(CURRENT.set, self)

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin a task that belongs to this process."""
        task = asyncio.get_running_loop().create_task(work, context=self.context.copy())
        self.tasks.append(task)
        return task

    def kill(self) -> None:
        """From now on nothing of it runs."""
        self.alive = False


CURRENT: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class _NoSelector:
    """There are no sockets."""

    def close(self) -> None:
        pass


class VirtualLoop(base_events.BaseEventLoop):
    """``asyncio``'s own loop with another clock and no world outside."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._selector = _NoSelector()
        self._now = 0.0
        self._rng = rng
        self._clock_resolution = 1e-9
        self._scheduled: list[events.TimerHandle]
        self._ready: Any
        self.handles = 0
        self.thread_seconds = (0.0001, 0.004)
        self.dead: list[events.Handle] = []

    def time(self) -> float:
        """Seconds since the history began."""
        return self._now

    def wall(self) -> float:
        """The clock on the wall, without anybody's faults."""
        return EPOCH + self._now

    def _process_events(self, event_list: object) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def _run_once(self) -> None:
        self._drop_cancelled()
        scheduled, ready = self._scheduled, self._ready
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False  # type: ignore[attr-defined]
        if not ready:
            if not scheduled:
                if self._stopping:  # type: ignore[attr-defined]
                    return
                raise StuckError("nothing will ever happen again")
            self._now = max(self._now, scheduled[0]._when)  # type: ignore[attr-defined]
        end = self._now + self._clock_resolution
        while scheduled and scheduled[0]._when < end:  # type: ignore[attr-defined]
            handle = heapq.heappop(scheduled)
            handle._scheduled = False  # type: ignore[attr-defined]
            ready.append(handle)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(CURRENT)
            if process is not None and not process.alive:
                # Kept, because freeing a coroutine would run its ``finally``.
                self.dead.append(handle)
                continue
            self.handles += 1
            handle._run()
        if self.handles > MAX_HANDLES:
            raise StuckError("the history does not come to an end")

    def _drop_cancelled(self) -> None:
        """Most timers are time limits that were not needed: they only make the heap deep."""
        count: int = self._timer_cancelled_count  # type: ignore[has-type]
        if count > max(MIN_CANCELLED, len(self._scheduled) // 2):
            self._scheduled = [handle for handle in self._scheduled if not handle.cancelled()]
            heapq.heapify(self._scheduled)
            self._timer_cancelled_count = 0

    def run_in_executor(
        self, executor: object, func: Callable[..., Any], *args: object
    ) -> asyncio.Future[Any]:
        """Run a function a moment later, in one piece but for what its system calls let in."""
        future = self.create_future()

        def call() -> None:
            if future.cancelled():
                return
            try:
                result = func(*args)
            except KilledError:
                return
            except BaseException as error:  # noqa: BLE001 - as a thread would
                if not future.cancelled():
                    future.set_exception(error)
            else:
                if not future.cancelled():
                    future.set_result(result)

        self.call_later(self._rng.uniform(*self.thread_seconds), call)
        return future


def run(loop: VirtualLoop, main: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
    """Run a history to its end."""
    loop.set_exception_handler(lambda _loop, _context: None)
    return loop.run_until_complete(main)


def bury(loop: VirtualLoop, *, collect: bool) -> None:
    """End the loop with everything in it that was killed or is still running.

    ``collect`` False: the caller does not let the garbage collector run before the next one is
    buried; then only one in ten pays for a collection.
    """
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        _end(task.get_coro())
    loop._ready.clear()
    loop._scheduled.clear()
    loop.dead.clear()
    loop.close()
    # Not after each: it looks at everything there is.
    if collect or next(_BURIED) % COLLECT_EVERY == 0:
        gc.collect()


def _end(coroutine: Any) -> None:  # noqa: ANN401
    """Unwind a coroutine here and now: later its destructor would do it where it is heard."""
    for _ in range(MAX_UNWINDING):
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001 - a ``finally`` finds nothing left
            continue
        return


@contextmanager
def silence() -> Iterator[None]:
    """Destructors of what was killed find nothing left, and say so; nobody wants to hear it."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        sys.unraisablehook = hook
