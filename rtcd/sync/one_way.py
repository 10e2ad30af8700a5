"""Folders that only receive, or only send: what is refused, and what the user is told."""

from __future__ import annotations

from rtcd.errors import HeldError, ServerError
from rtcd.project_path import ProjectPath

RECEIVE_ONLY, SEND_ONLY = "receive-only", "send-only"


def only_receives(path: ProjectPath) -> HeldError:
    """The hold for a file that was changed in a folder that sends nothing."""
    return HeldError(
        f"{path} was changed here, and this folder only receives",
        hint="It is left as it is. Undo the change, or delete the file, to get the server's again.",
        code=RECEIVE_ONLY,
    )


def only_sends(path: ProjectPath) -> HeldError:
    """The hold for a file that others have changed, in a folder that takes nothing in."""
    return HeldError(
        f"{path} was changed on the server, and this folder only sends",
        hint="Start rtcd without --send-only to get it.",
        code=SEND_ONLY,
    )


def refused() -> ServerError:
    """For whatever would change the server from a folder that only receives."""
    return ServerError(
        "this folder only receives; nothing is changed on the server",
        hint="Start rtcd without --receive-only to take part.",
        code=RECEIVE_ONLY,
    )
