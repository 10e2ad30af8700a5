"""Asking the daemon to put a document on disk now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rtcd.errors import RtcdError
from rtcd.extension.daemon_line import NotUnderstoodError, ask

FLUSH_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 0.1
NOT_SHARED = "not-shared"


class FlushFailedError(RtcdError):
    """The daemon lives but did not put the document on disk."""

    code = "flush-failed"


class NotSharedError(FlushFailedError):
    """The daemon does not take care of this file (an ignored name, or it is not in the room yet).

    Then it is the server's to save.
    """

    code = NOT_SHARED


class DaemonGoneError(FlushFailedError):
    """The daemon died before it answered."""

    code = "no-daemon"


async def ask_to_flush(
    socket: Path,
    path: str,
    alive: Callable[[], bool],
    timeout: float = FLUSH_TIMEOUT_SECONDS,
) -> None:
    """Return when the daemon says that ``path`` is on disk.

    Args:
        socket: the daemon's control socket. A daemon that just starts may not listen yet.
        path: the file, relative to the project folder.
        alive: whether a daemon still lives.
        timeout: seconds for everything.

    Raises:
        NotSharedError: the daemon does not take care of this file.
        DaemonGoneError: no daemon lives any more.
        FlushFailedError: the daemon said no, or nothing in time.
    """
    try:
        async with asyncio.timeout(timeout):
            answer = await _ask(socket, path, alive)
    except TimeoutError:
        raise FlushFailedError(
            f"the daemon did not save {path} within {timeout:g} s",
            hint="`rtcd status` tells what it waits for.",
        ) from None
    _check(answer, path)


def _check(answer: dict[str, Any], path: str) -> None:
    error, result = answer.get("error"), answer.get("result")
    if isinstance(error, dict):
        failure = NotSharedError if error.get("code") == NOT_SHARED else FlushFailedError
        raise failure(str(error.get("message", "")), hint=str(error.get("hint", "")))
    if not isinstance(result, dict):
        raise FlushFailedError("the daemon's answer was not understood")
    if result.get("joined") is False:
        raise NotSharedError(f"the daemon is not in the room of {path}")
    if result.get("flushed") is False:
        raise FlushFailedError(f"the daemon could not write all of {path} yet")


async def _ask(socket: Path, path: str, alive: Callable[[], bool]) -> dict[str, Any]:
    while True:
        try:
            return await ask(socket, "flush", {"path": path})
        except NotUnderstoodError as error:
            raise FlushFailedError(error.message) from None
        except (OSError, EOFError):
            # Nobody listens (yet), or the conversation broke: both can be a death.
            if not alive():
                raise DaemonGoneError(f"the daemon went away before it saved {path}") from None
        await asyncio.sleep(RETRY_SECONDS)
