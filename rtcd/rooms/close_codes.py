"""What it means when the server closes a room (server reference 1.3). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rtcd.errors import (
    NotFoundOnServerError,
    RtcdError,
    ServerError,
    ServerUnreachableError,
    UpdateRefusedError,
)
from rtcd.rooms.events import RoomClosed

TOO_BIG, UNSUPPORTED = 1009, 1003
NOT_FOUND, UNREADABLE_FILE, SERVER_TROUBLE = 4404, 4400, 4500


def explain_close(code: int, reason: str) -> RoomClosed:
    """A close frame in our words, and if a new connection may do better."""
    if code == NOT_FOUND:
        return RoomClosed(code, "the server has no such file", retry=False)
    if code == UNREADABLE_FILE:
        return RoomClosed(code, "the server cannot read the file", retry=False)
    if code == TOO_BIG:
        return RoomClosed(code, "the server sent a message of more than 64 MB", retry=False)
    if code == UNSUPPORTED:
        return RoomClosed(code, _reason_of_refusal(reason), retry=True)
    if code == SERVER_TROUBLE:
        return RoomClosed(code, "the server had trouble with the file", retry=True)
    return RoomClosed(code, "the connection to the server was cut", retry=True)


def error_of_close(closed: RoomClosed) -> RtcdError:
    """The error for a room that closed before it was open."""
    if closed.code == NOT_FOUND:
        return NotFoundOnServerError(closed.reason)
    if closed.code == UNREADABLE_FILE:
        return ServerError(
            closed.reason,
            hint="It is not UTF-8 text or no valid notebook there, or jupytext there refuses a notebook "
            "that is newer than its script; mend the server's copy.",
            code="unreadable-on-server",
        )
    if closed.code == TOO_BIG:
        return ServerError(closed.reason, code="too-large")
    if closed.code in (UNSUPPORTED, SERVER_TROUBLE):
        return ServerError(closed.reason, code="room-refused")
    if not closed.retry:
        return UpdateRefusedError(closed.reason)
    return ServerUnreachableError(closed.reason)


def _reason_of_refusal(payload: str) -> str:
    try:
        value = json.loads(payload)
    except ValueError:
        value = None
    word = value.get("reason") if isinstance(value, Mapping) else None
    if word in ("unknown_session", "version_mismatch"):
        return "the server was started anew"
    return "the server could not open the file"
