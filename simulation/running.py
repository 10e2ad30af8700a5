"""Running histories: rtcd's ports put in the world's hands, one seed after the other."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import logging
import random
import time as real_time
from collections.abc import Generator, Iterable, Iterator
from unittest import mock

import jupyter_ydoc.ynotebook

import rtcd.history.history
import rtcd.rooms.connection
import rtcd.rooms.server_events
from simulation import disk_ports, network
from simulation import loop as virtual
from simulation.database import opener
from simulation.loop import StuckError, VirtualLoop
from simulation.oracle import Result
from simulation.plan import Plan
from simulation.system_calls import machine
from simulation.world import World


class _Errors(logging.Handler):
    """Whatever rtcd logs as an error is a bug that was caught at the edge of a task."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.found.append(f"{record.getMessage()}: {error!r}")


@contextlib.contextmanager
def _ports() -> Iterator[None]:
    """Rtcd's ports, all at once."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(disk_ports.installed())

        def put(module: object, name: str, value: object) -> None:
            stack.enter_context(mock.patch.object(module, name, value))

        put(rtcd.rooms.connection, "open_link", network.open_link)
        put(rtcd.rooms.server_events, "open_link", network.open_link)
        put(rtcd.history.history, "open_database", opener(machine))
        put(
            jupyter_ydoc.ynotebook,
            "uuid4",
            lambda: f"{random.getrandbits(64):016x}",
        )
        yield


def simulate(seed: int, plan: Plan | None = None) -> Result:
    """One history; the same seed gives the same one."""
    return next(simulate_all([seed], plan))


def simulate_all(seeds: Iterable[int], plan: Plan | None = None) -> Generator[Result]:
    """Many histories, faster than one by one."""
    was_enabled = gc.isenabled()
    # A collection in the middle would run destructors at a moment of its own.
    gc.disable()
    # What was there before is not looked at again and again.
    gc.freeze()
    try:
        for seed in seeds:
            with _ports():
                result = _simulate(seed, plan or Plan())
            yield result
    finally:
        with virtual.silence():
            gc.unfreeze()
            gc.collect()
        if was_enabled:
            gc.enable()


def _simulate(seed: int, plan: Plan) -> Result:
    started = real_time.process_time()
    state = random.getstate()
    random.seed(seed)
    errors = _Errors()
    log = logging.getLogger("rtcd")
    log.addHandler(errors)
    propagate, log.propagate = log.propagate, False
    try:
        result, trace = _history(seed, plan)
    finally:
        log.removeHandler(errors)
        log.propagate = propagate
        random.setstate(state)
    result.bugs += errors.found[:5]
    text = "\n".join(trace)
    result.trace = text if plan.trace else hashlib.sha256(text.encode()).hexdigest()
    result.seconds = real_time.process_time() - started
    return result


def _history(seed: int, plan: Plan) -> tuple[Result, list[str]]:
    loop = VirtualLoop(random.Random(seed + 3))
    world = World(seed, plan, loop)
    try:
        virtual.run(loop, world.run())
    except StuckError as error:
        world.result.bugs.append(repr(error))
    result, trace = world.result, world.trace
    with virtual.silence():
        world.server.kill()
        del world
        virtual.bury(loop)
    return result, trace
