"""Ask a running daemon: the other end of ``control.py``, without an event loop."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Any

from rtcd.daemon import unix_socket
from rtcd.errors import NoDaemonError, RtcdError

CONNECT_TIMEOUT_SECONDS = 5.0
MAX_ANSWER_BYTES = 256 * 1024 * 1024


class DaemonAnsweredError(RtcdError):
    """The daemon understood and said no; code, hint and exit code are its own words."""

    def __init__(self, message: str, *, hint: str, code: str, exit_code: int) -> None:
        super().__init__(message, hint=hint, code=code)
        self.exit_code = exit_code


class DaemonSilentError(RtcdError):
    """A daemon runs and did not answer in time."""

    code = "daemon-silent"


def ask(
    path: Path,
    command: str,
    arguments: dict[str, Any] | None = None,
    *,
    timeout: float | None = 30.0,
) -> Any:  # noqa: ANN401 - whatever JSON value the command answers
    """Send one request to the daemon at the socket ``path`` and return its result.

    Args:
        path: the control socket (``Places.control_socket``).
        command: a command's name, as in ``control.py``.
        arguments: its arguments, as JSON values.
        timeout: seconds to wait for the answer; None waits for ever.

    Raises:
        NoDaemonError: nobody listens there, or the daemon ended before it answered.
        DaemonSilentError: no answer in time.
        DaemonAnsweredError: the daemon answered with an error.
    """
    request = {"command": command, "arguments": arguments or {}}
    try:
        with unix_socket.connect(path, CONNECT_TIMEOUT_SECONDS) as connected:
            _check_owner(connected, path)
            connected.settimeout(timeout)
            # A daemon that refuses a long request answers before it has read the whole of it.
            with contextlib.suppress(BrokenPipeError):
                connected.sendall(json.dumps(request, separators=(",", ":")).encode() + b"\n")
            line = _read_line(connected)
    except TimeoutError:
        raise DaemonSilentError(
            f"the daemon did not answer {command!r} in time",
            hint="Run `rtcd doctor`, and look into the daemon's log.",
        ) from None
    except OSError:
        raise no_daemon() from None
    return _result(line)


def no_daemon() -> NoDaemonError:
    """The error for a folder without a running daemon."""
    return NoDaemonError(
        "no daemon runs for this folder", hint="Run `rtcd start` to share the folder."
    )


def _check_owner(connected: socket.socket, path: Path) -> None:
    uid = unix_socket.peer_uid(connected)
    if uid is not None and uid != os.getuid():
        raise RtcdError(
            f"the daemon at {path} belongs to another user",
            hint="Share a folder of your own, or ask as that user.",
            code="no-permission",
        )


def _read_line(connected: socket.socket) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := connected.recv(1 << 16):
        pieces.append(piece)
        size += len(piece)
        if piece.endswith(b"\n"):
            return b"".join(pieces)
        if size > MAX_ANSWER_BYTES:
            break
    # An answer ends in a newline; without one the daemon ended in the middle.
    raise ConnectionError("the answer has no end")


def _result(line: bytes) -> Any:  # noqa: ANN401 - whatever JSON value the command answers
    try:
        answer = json.loads(line)
    except ValueError:
        raise no_daemon() from None
    if "error" in answer:
        error = answer["error"]
        raise DaemonAnsweredError(
            error["message"],
            hint=error.get("hint", ""),
            code=error.get("code", "error"),
            exit_code=error.get("exit_code", 1),
        )
    return answer["result"]
