"""Why a WebSocket is closed, in the room that a close frame has for words.

A close frame holds 123 bytes behind its code (RFC 6455, 5.5). Upstream puts an error's words between
80 bytes of JSON and sends more than that; the browser then hears nothing, and JupyterLab waits for the
document for ever.
"""

from __future__ import annotations

import json

MAX_REASON_BYTES = 123
WORDS = "errorReason"
CUT = "..."


def fitting_reason(reason: str | None) -> str | None:
    """The reason as it is if it fits, else with fewer words."""
    if reason is None or len(reason.encode()) <= MAX_REASON_BYTES:
        return reason
    told = _as_object(reason)
    if told is None:
        return _cut(reason, MAX_REASON_BYTES)
    # What is false or empty JupyterLab reads the same when it is missing.
    told = {key: value for key, value in told.items() if value}
    words = str(told.get(WORDS, ""))
    room = MAX_REASON_BYTES - len(_compact({**told, WORDS: ""}).encode())
    for length in range(min(room, len(words)), -1, -1):
        fits = _compact({**told, WORDS: _cut(words, length)})
        if len(fits.encode()) <= MAX_REASON_BYTES:
            return fits
    return _cut(words, MAX_REASON_BYTES)


def _as_object(reason: str) -> dict[str, object] | None:
    try:
        told = json.loads(reason)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _compact(told: dict[str, object]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _cut(words: str, size: int) -> str:
    """At most ``size`` bytes of UTF-8, whole characters, with a sign that there was more."""
    if len(words.encode()) <= size:
        return words
    return words.encode()[: max(0, size - len(CUT))].decode(errors="ignore") + CUT[:size]
