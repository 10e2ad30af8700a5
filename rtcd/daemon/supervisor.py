"""The parent of the daemon: starts it again when a bug has ended it.

Theory of operation. The daemon runs in a child process. A traceback that reaches the top (exit code
70) or a fault inside a native library (SIGSEGV and the like) cannot be mended inside the process, so
the parent, which only waits, begins a new one: at once after the first time, then
less and less often. What the user ended stays ended: exit codes, ``SIGTERM``, ``SIGKILL``. A daemon
that never became ready is not tried again; who started it is told why.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from collections.abc import Callable
from types import FrameType

from rtcd.daemon.supervisor_mark import SupervisorMark
from rtcd.rooms.backoff import Backoff

log = logging.getLogger("rtcd.daemon")

BUG_EXIT_CODE = 70
CRASHES = frozenset(
    (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGSYS)
)
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
RESTART_BACKOFF = Backoff(first=0.5, longest=60.0)
WELL_SECONDS = 300.0

Work = Callable[[bool, Callable[[], None]], int]
"""``work(restarted, ready)`` runs the daemon and returns its exit code; it calls ``ready`` once."""


def supervise(work: Work, mark: SupervisorMark | None = None) -> int:
    """Run ``work`` in a child until it ends by itself; returns the exit code for this process.

    ``mark`` tells others that this process waits.
    """
    crashes = 0
    while True:
        began = time.monotonic()
        child, was_ready = _run_child(work, mark, restarted=crashes > 0)
        code = os.waitstatus_to_exitcode(child)
        failed_again = crashes > 0 and not was_ready and code > 0
        if not (failed_again or (_is_bug(code) and was_ready)):
            return code if code >= 0 else 128 - code
        crashes = 1 if time.monotonic() - began > WELL_SECONDS else crashes + 1
        delay = RESTART_BACKOFF.delay(crashes, random.random())
        log.error("the daemon ended by a bug code=%d; again in %.1f s", code, delay)
        if mark is not None:
            mark.tell(time.time() + delay)
        time.sleep(delay)
        if mark is not None:
            mark.tell(None)


def _is_bug(code: int) -> bool:
    return code == BUG_EXIT_CODE or -code in CRASHES


def _run_child(work: Work, mark: SupervisorMark | None, *, restarted: bool) -> tuple[int, bool]:
    """One life of the daemon: its wait status, and whether it had become ready."""
    read_end, write_end = os.pipe()
    # A signal between the fork and the handlers would end this process and leave the child alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        os.close(read_end)
        if mark is not None:
            mark.drop()
        _be_the_daemon(work, restarted, write_end)
    os.close(write_end)
    before = _forward_signals_to(pid)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    try:
        _, status = os.waitpid(pid, 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    with os.fdopen(read_end, "rb") as told:
        return status, told.read() != b""


def _be_the_daemon(work: Work, restarted: bool, write_end: int) -> None:
    code = BUG_EXIT_CODE
    try:
        code = work(restarted, lambda: _tell(write_end))
    finally:
        logging.shutdown()
        os._exit(code)


def _tell(write_end: int) -> None:
    os.write(write_end, b"r")
    os.close(write_end)


def _forward_signals_to(pid: int) -> dict[signal.Signals, signal._HANDLER]:
    def forward(number: int, _: FrameType | None) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return

    return {number: signal.signal(number, forward) for number in FORWARDED}
