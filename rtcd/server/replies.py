"""What an answer of the server means: which error, in whose words. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from rtcd.errors import (
    NotFoundOnServerError,
    RtcdError,
    ServerError,
    ServerRefusedError,
    ServerUnreachableError,
)

TOKEN_HINT = "Check the token (--token-file or RTCD_TOKEN); `jupyter server list` shows it."
# 424 is how a JupyterHub says that the server behind it is stopped.
AWAY_STATUSES = (424, 502, 503, 504)
MAX_RETRY_AFTER_SECONDS = 3600.0


class ServerBusyError(ServerUnreachableError):
    """The server asks to be left alone for a while; ``retry_after`` in seconds."""

    code = "server-busy"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, hint="rtcd tries again by itself.")
        self.retry_after = retry_after


def check_reply(reply: httpx.Response, what: str) -> httpx.Response:
    """Pass a good answer on. ``what`` completes "the server could not ...".

    Raises:
        ServerRefusedError: 401, 403, or a way to a login page.
        ServerUnreachableError: something else answered in the server's place.
        NotFoundOnServerError: 404.
        ServerError: everything else, with a stable code.
    """
    if reply.is_success:
        return reply
    raise error_of(reply, what)


def error_of(reply: httpx.Response, what: str) -> RtcdError:
    """The error that an answer other than 2xx stands for."""
    status = reply.status_code
    if status in (401, 403):
        return ServerRefusedError(f"the server refused to {what}", hint=TOKEN_HINT)
    if reply.is_redirect:
        return redirect_error(reply)
    if status == 404:
        return NotFoundOnServerError(f"the server could not {what}: there is no such file")
    if status == 409:
        return ServerError(f"the server could not {what}: the name is taken", code="exists")
    if status == 413:
        return ServerError(f"the server could not {what}: it is too large for it", code="too-large")
    if status == 423:
        return ServerError(f"the server could not {what}: the file is locked", code="locked")
    if status == 429 or (status == 503 and "retry-after" in reply.headers):
        return ServerBusyError(f"the server was too busy to {what}", retry_after(reply))
    if status in AWAY_STATUSES:
        return ServerUnreachableError(f"the server is away (status {status})")
    reason = reason_of(reply)
    return ServerError(f"the server could not {what} (status {status}{reason})")


def error_of_status(
    status: int, headers: Mapping[str, str], body: bytes, *, url: str, what: str
) -> RtcdError:
    """The same for an answer that another library got."""
    request = httpx.Request("GET", url)
    return error_of(httpx.Response(status, headers=headers, content=body, request=request), what)


def redirect_error(reply: httpx.Response) -> RtcdError:
    """We follow no redirect: the token belongs to one address."""
    target = reply.url.join(reply.headers.get("location", ""))
    same = (target.scheme, target.host, target.port) == (
        reply.url.scheme,
        reply.url.host,
        reply.url.port,
    )
    if same and "login" in target.path:
        return ServerRefusedError("the server wants a login", hint=TOKEN_HINT)
    return ServerUnreachableError(
        f"the server's address leads elsewhere, to {target.scheme}://{target.netloc.decode()}",
        hint="Give the address where it leads to, if that is your server.",
    )


def host_is_away(url: str) -> ServerUnreachableError:
    """What silence means to a guest of somebody's project."""
    return ServerUnreachableError(
        f"the host does not answer at {url}",
        hint="Is it awake, and on a network with you? rtcd looks for it and connects again by itself; "
        "what you save waits here.",
    )


def turned_out() -> ServerRefusedError:
    """What a refusal means to a guest of somebody's project."""
    return ServerRefusedError(
        "the host does not let you in any more",
        hint="Ask for a new code, then run `rtcd stop` and `rtcd join CODE` here; "
        "what is in this folder stays.",
        code="turned-out",
    )


def json_of(reply: httpx.Response) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON in a good answer.

    Raises:
        ServerRefusedError: it is a login page.
        ServerUnreachableError: it is no JSON: a captive portal, a proxy, another program.
    """
    try:
        return json.loads(reply.content)
    except (ValueError, RecursionError):
        pass
    if b'type="password"' in reply.content or b"<title>Jupyter Server</title>" in reply.content:
        raise ServerRefusedError("the server wants a login", hint=TOKEN_HINT)
    raise ServerUnreachableError(
        "something that is no Jupyter server answers at the server's address",
        hint="Check the address; a network that asks for a login first does this too.",
    )


def document_of(reply: httpx.Response) -> dict[str, object] | None:
    """The JSON object in any answer; None when it holds none."""
    try:
        value = json.loads(reply.content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def retry_after(reply: httpx.Response) -> float:
    """Seconds to wait, from ``Retry-After``; 5 when it does not say."""
    try:
        seconds = float(reply.headers.get("retry-after", ""))
    except ValueError:
        return 5.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def reason_of(reply: httpx.Response) -> str:
    """The server's own words, if it gave any, shortened."""
    try:
        message = json.loads(reply.content).get("message")
    except (ValueError, AttributeError, RecursionError, httpx.ResponseNotRead):
        return ""
    return f": {message[:200]}" if isinstance(message, str) and message else ""
