"""``python -m rtcd.daemon [--background]``: settings in, JSON lines out.

One line in: ``Settings.to_json``. Lines out: ``{"progress": sentence}``, then one
``{"ready": ...}`` or ``{"error": ...}``; after that nothing more is written. ``--background``:
from the settings on, errors go to the folder's log, and no folder of the user's is in use.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import importlib
import json
import logging
import os
import resource
import select
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rtcd.daemon.allocator import give_large_blocks_back
from rtcd.daemon.own_log import write_to_log
from rtcd.daemon.supervisor import BUG_EXIT_CODE, supervise
from rtcd.daemon.supervisor_mark import SupervisorMark
from rtcd.errors import RtcdError
from rtcd.light_imports import leave_out_extras
from rtcd.places import Places, make_private_folder
from rtcd.settings import Settings

if TYPE_CHECKING:
    from rtcd.daemon.daemon import Daemon

BACKGROUND = "--background"
# What httpx would load while the server waits for us.
LOADED_AT_FIRST_USE = ("httpcore", "anyio._backends._asyncio")


class _Speaker:
    """Standard output until somebody stops listening."""

    def __init__(self, ready: Callable[[], None]) -> None:
        self._is_open = True
        self._ready = ready

    def tell(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready()
        if not self._is_open:
            return
        try:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            self._is_open = False
        if "ready" in message or "error" in message:
            self._hang_up()

    def _hang_up(self) -> None:
        self._is_open = False
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def main() -> int:
    """Run a daemon; returns its exit code."""
    logging.basicConfig(
        level=os.environ.get("RTCD_LOG", "INFO"),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    for library in ("httpx", "httpcore", "websockets", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # What strangers on the network send must not fill the log.
    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    give_large_blocks_back()
    if not select.select([sys.stdin], [], [], 0)[0]:
        # Started ahead of time: what takes long is done while there is nothing else.
        _import_parts()
    told = sys.stdin.readline()
    if not told:
        return 0  # not wanted after all
    settings = Settings.from_json(json.loads(told))
    places = Places.of(settings.project)
    with contextlib.suppress(RtcdError, OSError):  # the daemon says what is wrong with it
        make_private_folder(places.state)
        if BACKGROUND in sys.argv[1:]:
            os.chdir(places.state)
            write_to_log(places)
    mark = SupervisorMark.leave(places.supervisor, places.project)
    return supervise(functools.partial(_live, settings), mark)


def _live(settings: Settings, restarted: bool, ready: Callable[[], None]) -> int:
    """One life of the daemon, in a process of its own; returns its exit code."""
    speaker = _Speaker(ready)
    try:
        asyncio.run(_run(settings, speaker, restarted=restarted))
    except RtcdError as error:
        speaker.tell({"error": error_document(error)})
        return error.exit_code
    except Exception:  # the edge of the process: the traceback goes to the log, a word to the user
        logging.getLogger("rtcd.daemon").exception("the daemon ended by a bug")
        bug = RtcdError(
            "the daemon ended by a bug of its own", hint="`rtcd doctor` names its log.", code="bug"
        )
        speaker.tell({"error": {**error_document(bug), "exit_code": BUG_EXIT_CODE}})
        return BUG_EXIT_CODE
    return 0


def _import_parts() -> type[Daemon]:
    """Everything else, in half the time.

    The garbage collector finds nothing among modules, and need never look at them again.
    """
    gc.disable()
    leave_out_extras()
    from rtcd.daemon.daemon import Daemon

    for name in LOADED_AT_FIRST_USE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    gc.enable()
    return Daemon


async def _run(settings: Settings, speaker: _Speaker, *, restarted: bool) -> None:
    daemon = _import_parts()(settings, speaker.tell, restarted=restarted)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    try:
        await daemon.run()
    except* RtcdError as group:
        raise _first(group) from group


def _first(group: BaseExceptionGroup[RtcdError]) -> RtcdError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, RtcdError)
    return error


def error_document(error: RtcdError) -> dict[str, Any]:
    """An error as the command line and programs read it."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }


if __name__ == "__main__":
    sys.exit(main())
