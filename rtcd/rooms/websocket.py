"""Opening a WebSocket to the server, the way all of ours are opened."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)

from rtcd.errors import RtcdError, ServerError, ServerUnreachableError
from rtcd.rooms.timing import RoomTiming
from rtcd.server.address import ServerAddress
from rtcd.server.pin import is_pin_mismatch, key_changed
from rtcd.server.replies import error_of_status
from rtcd.server.trust import distrust, trusted_context
from rtcd.server.zone import without_zone

# A message is its update and a few bytes around it.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024 + 64
CUT = 1006


class Link(ClientConnection):
    """A connection that counts what comes in, whole message or not.

    Attributes:
        received: bytes that arrived since the handshake began.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the library's own
        super().__init__(*args, **kwargs)
        self.received = 0

    def data_received(self, data: bytes) -> None:
        """Called by the transport."""
        self.received += len(data)
        super().data_received(data)

    def unsent(self) -> int:
        """Bytes on their way out that the other machine has not confirmed, as far as known."""
        queued = int(self.transport.get_write_buffer_size())
        found: socket.socket | None = self.transport.get_extra_info("socket")
        if found is None or found.fileno() < 0:
            return queued
        try:
            kernel = fcntl.ioctl(found.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except OSError:
            return queued
        return queued + int(struct.unpack("i", kernel)[0])

    def cut(self) -> None:
        """End it at once, without a goodbye that nobody would hear."""
        self.transport.abort()

    @staticmethod
    def close_code_of(closed: ConnectionClosed) -> tuple[int, str]:
        """The code and reason that ended a connection, by whoever gave the first."""
        first = closed.rcvd if closed.rcvd_then_sent or closed.sent is None else closed.sent
        if first is None:
            return CUT, ""
        return first.code, first.reason


class _Connect(connect):
    """``connect`` without redirects: the token belongs to one address."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_link(address: ServerAddress, route: str, timing: RoomTiming, **query: str) -> Link:
    """Connect and shake hands.

    No compression: it costs time on every keystroke. No library pings: ``liveness.py`` judges.
    asyncio switches Nagle's algorithm off by itself.

    Raises:
        ServerUnreachableError: nobody answers.
        ServerRefusedError: the token is not good.
        ServerError: the server answered with something else; code ``room-unavailable`` for 500.
    """
    what = "open a live connection"
    url = address.websocket(route, **query)
    options: dict[str, Any] = {}
    if address.tls is not None or address.is_tls:
        options["ssl"] = address.tls or trusted_context()
    if address.is_direct:
        options["proxy"] = None
    if "%" in (host := urlsplit(url).hostname or ""):
        options |= {"host": host, "port": address.port}
    try:
        link = await _Connect(
            without_zone(url),
            additional_headers=address.headers,
            create_connection=Link,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            ping_interval=None,
            open_timeout=timing.connect,
            close_timeout=timing.close,
            user_agent_header="rtcd",
            **options,
        )
    except InvalidStatus as error:
        raise _status_error(error, address, what) from None
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, WebSocketException) as error:
        if address.tls is not None and is_pin_mismatch(error):
            raise key_changed(address.url) from error
        if (untrusted := distrust(address.url, error)) is not None:
            raise untrusted from error
        raise ServerUnreachableError(
            f"the Jupyter server at {address.url} does not answer ({type(error).__name__})",
            hint="Is it running? `jupyter server list` shows the servers on this machine.",
        ) from error
    assert isinstance(link, Link)
    return link


def _status_error(error: InvalidStatus, address: ServerAddress, what: str) -> RtcdError:
    reply = error.response
    if reply.status_code == 500:
        # The file id is unknown to the server: the file was deleted there (server 1.3).
        return ServerError("the server could not open the room", code="room-unavailable")
    headers = {name: value for name, value in reply.headers.raw_items() if name.lower() in KEPT}
    return error_of_status(
        reply.status_code, headers, bytes(reply.body or b""), url=address.url, what=what
    )


KEPT = ("location", "retry-after")
