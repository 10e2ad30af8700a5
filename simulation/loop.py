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
        self._timers: list[tuple[float, int, events.TimerHandle]] = []
        self._numbers = itertools.count()
        self._ready: Any
        self._timer_cancelled_count = 0
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

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: object,
        context: contextvars.Context | None = None,
    ) -> events.Handle:
        """As asyncio's, without what it checks: half of a history is calls of this."""
        handle = events.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: object,
        context: contextvars.Context | None = None,
    ) -> events.TimerHandle:
        """The same; timers of one moment run in the order in which they were set."""
        timer = events.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def _run_once(self) -> None:
        timers, ready = self._timers, self._ready
        if self._timer_cancelled_count > MIN_CANCELLED:
            self._drop_cancelled()
        while timers and timers[0][2]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(timers)
        if not ready:
            if not timers:
                if self._stopping:  # type: ignore[attr-defined]
                    return
                raise StuckError("nothing will ever happen again")
            self._now = max(self._now, timers[0][0])
        end = self._now + self._clock_resolution
        while timers and timers[0][0] < end:
            timer = heapq.heappop(timers)[2]
            timer._scheduled = False  # type: ignore[attr-defined]
            if timer._cancelled:
                self._timer_cancelled_count -= 1
            ready.append(timer)
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
            try:
                handle._context.run(handle._callback, *handle._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException:  # noqa: BLE001 - asyncio would only tell of it
                continue
        if self.handles > MAX_HANDLES:
            raise StuckError("the history does not come to an end")

    def _drop_cancelled(self) -> None:
        """Most timers are time limits that were not needed: they only make the heap deep."""
        if self._timer_cancelled_count > len(self._timers) // 2:
            self._timers[:] = [entry for entry in self._timers if not entry[2]._cancelled]
            heapq.heapify(self._timers)
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


def bury(loop: VirtualLoop) -> None:
    """End the loop with everything in it that was killed or is still running.

    The caller does not let the garbage collector run before the next one is buried: only one in
    ten pays for a collection.
    """
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        _end(task.get_coro())
    loop._ready.clear()
    loop._timers.clear()
    loop.dead.clear()
    loop.close()
    # Not after each: it looks at everything there is.
    if next(_BURIED) % COLLECT_EVERY == 0:
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
