"""Every error a caller may catch.

The message is what the user reads: one sentence, what happened to what. ``hint`` is what to do
next. ``code`` is a stable word for programs; ``exit_code`` is what the command line returns.
"""

from __future__ import annotations

from collections.abc import Mapping


class RtcdError(Exception):
    """The root of the tree: something asked for could not be done."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code


class UsageError(RtcdError):
    """The words of the call are wrong."""

    code = "usage"
    exit_code = 2


class PathRefusedError(RtcdError):
    """A name that may lead out of the project folder, or that no system can hold."""

    code = "refused-path"


class ServerError(RtcdError):
    """The Jupyter server could not do what was asked; ``document`` is what it answered, if JSON."""

    code = "server"
    exit_code = 3
    document: Mapping[str, object] | None = None


class ServerUnreachableError(ServerError):
    """Nobody answers at the server's address, or not in time."""

    code = "server-unreachable"


class ServerRefusedError(ServerError):
    """The server answered and said no."""

    code = "server-refused"


class NotFoundOnServerError(ServerError):
    """The server has no such file."""

    code = "not-on-server"


class NoDaemonError(RtcdError):
    """No daemon runs for this folder."""

    code = "no-daemon"
    exit_code = 3


class HaltedError(RtcdError):
    """Stopped for safety; a person has to decide."""

    code = "halted"
    exit_code = 4


class HeldError(RtcdError):
    """A file that is left alone, bytes untouched, until it changes; ``code`` is the reason."""

    code = "held"


class ApplyError(RtcdError):
    """An edit did not give the content that it should have given; nothing of it may be used."""

    code = "apply-failed"


class UpdateRefusedError(RtcdError):
    """An update from outside that cannot or must not be applied."""

    code = "update-refused"


class HistoryError(RtcdError):
    """The state database cannot be read or written."""

    code = "history"
