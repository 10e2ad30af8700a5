"""What closing means."""

from __future__ import annotations

import pytest

from rtcd.errors import NotFoundOnServerError, ServerError, ServerUnreachableError
from rtcd.rooms.close_codes import error_of_close, explain_close

SESSION = '{"reason": "version_mismatch", "sessionId": "x", "reloadable": true}'
BROKEN = '{"reason": "initialization_error", "reloadable": false, "errorReason": "disk I/O"}'


@pytest.mark.parametrize(
    ("code", "payload", "retry", "kind", "word"),
    [
        (4404, "Error initializing: a.txt.", False, NotFoundOnServerError, "not-on-server"),
        (4400, "Error initializing: a.txt.", False, ServerError, "unreadable-on-server"),
        (4500, "Error initializing: a.txt.", True, ServerError, "room-refused"),
        (1003, SESSION, True, ServerError, "room-refused"),
        (1003, BROKEN, True, ServerError, "room-refused"),
        (1003, "no json", True, ServerError, "room-refused"),
        (1009, "", False, ServerError, "too-large"),
        (1006, "", True, ServerUnreachableError, "server-unreachable"),
        (1001, "", True, ServerUnreachableError, "server-unreachable"),
    ],
)
def test_every_code_has_a_meaning(code, payload, retry, kind, word):
    closed = explain_close(code, payload)
    error = error_of_close(closed)
    assert (closed.code, closed.retry, type(error), error.code) == (code, retry, kind, word)
    assert "Error initializing" not in closed.reason
