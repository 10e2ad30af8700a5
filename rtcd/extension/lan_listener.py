"""The second door of the server: TLS for the local network, beside the plain one of this machine.

The same web application, in the same process: opening and closing it disturbs no kernel and no
open document. What comes in here is not trusted before it has proved who it is:

* only addresses that are near (private, or of a network this machine is in) get a handshake;
* connections come at a limited rate, and accepting stops for a moment when they come faster;
* a connection that proves nothing within 15 s is cut, there are few of those at a time, and they
  may send small requests only.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary, WeakSet

from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.iostream import IOStream, SSLIOStream
from tornado.netutil import add_accept_handler, bind_sockets, ssl_wrap_socket
from tornado.web import RequestHandler

from rtcd.lan.interfaces import Interface, interfaces, is_near
from rtcd.lan.rate import Rate, SourceRates

log = logging.getLogger("rtcd.extension")

UNPROVEN_SECONDS = 15.0
MAX_UNPROVEN = 96
MAX_UNPROVEN_EACH = 24
MAX_UNPROVEN_BODY_BYTES = 64 * 1024
CONNECTIONS_EACH = Rate(burst=40, per_second=5)
CONNECTIONS = Rate(burst=120, per_second=25)
PAUSE_SECONDS = 0.5
SWEEP_SECONDS = 1.0
INTERFACES_SECONDS = 10.0
BACKLOG = 64

HasCredential = Callable[[HTTPHeaders], bool]


@dataclass(slots=True)
class _Unproven:
    source: str
    until: float


class LanListener(HTTPServerConnectionDelegate):
    """TLS sockets on all interfaces, in front of a web application.

    Args:
        application: tornado's.
        context: TLS with the project's certificate.
        has_credential: whether the headers of a request show somebody who may come in.
    """

    def __init__(
        self,
        application: HTTPServerConnectionDelegate,
        context: ssl.SSLContext,
        has_credential: HasCredential,
    ) -> None:
        self._application = application
        self._context = context
        self._has_credential = has_credential
        self._http = HTTPServer(self)
        self._sockets: list[socket.socket] = []
        self._stop_accepting: list[Callable[[], None]] = []
        self._unproven: WeakKeyDictionary[IOStream, _Unproven] = WeakKeyDictionary()
        self._streams: WeakSet[IOStream] = WeakSet()
        self._ours: WeakSet[HTTPConnection] = WeakSet()
        self._proven_sources: dict[str, float] = {}
        self._rates = SourceRates(CONNECTIONS_EACH, CONNECTIONS, time.monotonic())
        self._near: tuple[Interface, ...] = ()
        self._near_until = 0.0
        self._sweeper = PeriodicCallback(self._sweep, SWEEP_SECONDS * 1000)
        self.refused = 0

    def open(self, port: int) -> int:
        """Listen on all interfaces, IPv4 and IPv6; returns the port. 0 lets the system choose.

        Raises:
            OSError: the port is taken.
        """
        self._sockets = bind_sockets(port, address=None, backlog=BACKLOG)
        self._accept()
        self._sweeper.start()
        return int(self._sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop listening, and cut everybody who came by here."""
        self._sweeper.stop()
        self._pause()
        for one in self._sockets:
            one.close()
        self._sockets = []
        for stream in list(self._streams):
            stream.close()

    def came_by(self, handler: RequestHandler) -> bool:
        """True when the request came over the network."""
        return handler.request.connection in self._ours

    def prove(self, handler: RequestHandler) -> None:
        """The request's sender is known now: no limits for its connection any more."""
        stream = getattr(handler.request.connection, "stream", None)
        found = self._unproven.pop(stream, None) if stream is not None else None
        if found is not None:
            self._proven_sources[found.source] = time.monotonic()

    # ------------------------------------------------------------------ accepting

    def _accept(self) -> None:
        if self._sockets and not self._stop_accepting:
            self._stop_accepting = [add_accept_handler(s, self._accepted) for s in self._sockets]

    def _pause(self) -> None:
        for stop in self._stop_accepting:
            stop()
        self._stop_accepting = []

    def _accepted(self, connection: socket.socket, address: tuple[str, int]) -> None:
        source = plain_address(address[0])
        now = time.monotonic()
        known = source in self._proven_sources
        if not is_near(source, self._interfaces(now)) or not (known or self._may(source, now)):
            self.refused += 1
            connection.close()
            return
        try:
            wrapped = ssl_wrap_socket(
                connection, self._context, server_side=True, do_handshake_on_connect=False
            )
        except (OSError, ssl.SSLError):
            connection.close()
            return
        stream = SSLIOStream(wrapped)
        self._streams.add(stream)
        self._unproven[stream] = _Unproven(source, now + UNPROVEN_SECONDS)
        self._http.handle_stream(stream, address)

    def _may(self, source: str, now: float) -> bool:
        waiting = [one.source for stream, one in self._unproven.items() if not stream.closed()]
        if len(waiting) >= MAX_UNPROVEN or waiting.count(source) >= MAX_UNPROVEN_EACH:
            return False
        if self._rates.take(source, now):
            return True
        # Whoever floods waits in the kernel's queue, which costs us nothing.
        if self._stop_accepting:
            self._pause()
            IOLoop.current().call_later(PAUSE_SECONDS, self._accept)
        return False

    def _interfaces(self, now: float) -> tuple[Interface, ...]:
        if now >= self._near_until:
            self._near, self._near_until = interfaces(), now + INTERFACES_SECONDS
        return self._near

    def _sweep(self) -> None:
        now = time.monotonic()
        for stream, one in list(self._unproven.items()):
            if one.until <= now and not stream.closed():
                stream.close()
        self._proven_sources = {
            source: at for source, at in self._proven_sources.items() if now - at < 3600
        }

    # ------------------------------------------------------------------ requests

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Called by tornado for each request."""
        self._ours.add(request_conn)
        inner = self._application.start_request(server_conn, request_conn)
        return _Careful(inner, lambda headers: self._may_send_much(request_conn, headers))

    def on_close(self, server_conn: object) -> None:
        """Called by tornado when a connection ends."""

    def _may_send_much(self, request_conn: HTTPConnection, headers: HTTPHeaders) -> bool:
        stream = getattr(request_conn, "stream", None)
        return (stream is not None and stream not in self._unproven) or self._has_credential(
            headers
        )


class _Careful(HTTPMessageDelegate):
    """Hands a request on unless it is large and nobody knows who sends it."""

    def __init__(self, inner: HTTPMessageDelegate, trusted: Callable[[HTTPHeaders], bool]) -> None:
        self._inner = inner
        self._trusted = trusted

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """The head of the request is here, its body not yet."""
        length = headers.get("Content-Length", "0")
        small = length.isdigit() and int(length) <= MAX_UNPROVEN_BODY_BYTES
        if (not small or "Transfer-Encoding" in headers) and not self._trusted(headers):
            raise HTTPInputError("a large request from somebody unknown")
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """A piece of the body."""
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        """The whole request is here."""
        self._inner.finish()

    def on_connection_close(self) -> None:
        """It ended in the middle."""
        self._inner.on_connection_close()


def plain_address(text: str) -> str:
    """An address without its zone; IPv4 in IPv6 as IPv4."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
