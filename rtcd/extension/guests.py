"""Guests on the Jupyter server: a token each, an identity each, and out at once when revoked.

The owner's token and password keep working on this machine. Over the network only guests come in.
A login cookie is as good as the guest behind it: it is looked up at every request.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakSet

from jupyter_server.auth.identity import PasswordIdentityProvider, User
from tornado.httputil import HTTPHeaders
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, decode_signed_value
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from rtcd.errors import RtcdError
from rtcd.lan.guest_book import PREFIX, Guest, GuestBook

REVOKED = 1008  # RFC 6455: policy violation
LAST_WORD_SECONDS = 0.2
COOKIE_PREFIX = "username-"
COOKIE_DAYS = 30
_AUTHORIZATION = re.compile(r"(?:token|bearer)\s+(\S+)", re.IGNORECASE)
_PORT = re.compile(r":\d+$")


class Entrance(Protocol):
    """What the share tells the identity provider."""

    book: GuestBook

    def came_by_network(self, handler: RequestHandler) -> bool:
        """True when the request came over the network listener."""

    def proved(self, handler: RequestHandler) -> None:
        """The sender of this request is somebody who may come in."""

    def use_browser_code(self, typed: str, source: str) -> str | None:
        """The token of a new guest when this was the code for browsers, else None."""

    def checks_host(self) -> bool:
        """True when the server's own check of the Host header is off because of the share."""


class GuestIdentityProvider(PasswordIdentityProvider):
    """Jupyter's own identity provider, and guests. Without a share it is exactly Jupyter's own."""

    entrance: Entrance | None = None

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - traitlets' own
        super().__init__(**kwargs)
        self.live = LiveSockets()

    def get_user(self, handler: RequestHandler) -> Awaitable[User | None]:
        """Who sends this request; None when nobody that may come in."""
        return self._who(handler)

    async def _who(self, handler: RequestHandler) -> User | None:
        entrance = self.entrance
        if entrance is None:
            user: User | None = await self._get_user(handler)
            return user
        by_network = entrance.came_by_network(handler)
        if by_network or entrance.checks_host():
            check_host(handler, by_network=by_network)
        user = await self._get_user(handler)
        if user is not None and isinstance(handler, WebSocketHandler):
            self.live.add(user.username, handler)
        if user is not None and by_network:
            entrance.proved(handler)
        return user

    async def get_user_token(self, handler: RequestHandler) -> User | None:
        """Whose token the request carries."""
        guest = self._guest_by_token(self.get_token(handler))
        if guest is not None:
            assert self.entrance is not None
            self.entrance.book.note_seen(guest, handler.request.remote_ip or "")
            return user_of(guest)
        if self._by_network(handler):
            return None
        user: User | None = await super().get_user_token(handler)
        return user

    def get_user_cookie(self, handler: RequestHandler) -> User | None:
        """Whose cookie the request carries, if that is still worth something."""
        user = super().get_user_cookie(handler)
        if not isinstance(user, User):
            return None
        if user.username.startswith(PREFIX):
            guest = self._guest_by_username(user.username)
            return None if guest is None else user
        return None if self._by_network(handler) else user

    def process_login_form(self, handler: RequestHandler) -> User | None:
        """The login page: a guest's token or the code for browsers, and on this machine the owner's."""
        typed = handler.get_argument("password", default="").strip()
        guest = self._guest_by_token(typed)
        if guest is None and self.entrance is not None:
            token = self.entrance.use_browser_code(typed, handler.request.remote_ip or "")
            guest = self._guest_by_token(token)
        if guest is not None:
            assert self.entrance is not None
            self.entrance.book.note_seen(guest, handler.request.remote_ip or "")
            return user_of(guest)
        if self._by_network(handler):
            return None
        user: User | None = super().process_login_form(handler)
        return user

    def has_credential(self, headers: HTTPHeaders, cookie_secret: bytes) -> bool:
        """Whether the head of a request shows a guest, by token or cookie."""
        found = _AUTHORIZATION.fullmatch(headers.get("Authorization", "").strip())
        if found is not None:
            return self._guest_by_token(found[1]) is not None
        return any(
            self._guest_by_username(name) is not None
            for name in _names_in_cookies(headers.get("Cookie", ""), cookie_secret, self)
        )

    def _by_network(self, handler: RequestHandler) -> bool:
        return self.entrance is not None and self.entrance.came_by_network(handler)

    def _guest_by_token(self, token: str | None) -> Guest | None:
        if self.entrance is None or not token:
            return None
        return _or_none(lambda book: book.who(token), self.entrance.book)

    def _guest_by_username(self, username: str) -> Guest | None:
        if self.entrance is None:
            return None
        return _or_none(lambda book: book.by_username(username), self.entrance.book)


class LiveSockets:
    """The open WebSockets of everybody: rooms, kernels, terminals, events."""

    def __init__(self) -> None:
        self._by_name: dict[str, WeakSet[WebSocketHandler]] = {}

    def add(self, username: str, handler: WebSocketHandler) -> None:
        """One more, about to open."""
        self._by_name.setdefault(username, WeakSet()).add(handler)

    def guests(self) -> list[str]:
        """The account names of guests that have any."""
        gone = [name for name, handlers in self._by_name.items() if not handlers]
        for name in gone:
            del self._by_name[name]
        return [name for name in self._by_name if name.startswith(PREFIX)]

    def count(self, username: str) -> int:
        """How many are open."""
        return sum(one.ws_connection is not None for one in self._by_name.get(username, ()))

    def cut(self, username: str) -> int:
        """Close all of one guest's: a word, and then the connection; returns how many."""
        handlers = list(self._by_name.get(username, ()))
        for handler in handlers:
            connection = handler.ws_connection
            if connection is None:
                continue
            with suppress(WebSocketClosedError, StreamClosedError):
                handler.close(REVOKED, "you may not come in any more")
            # Whoever does not answer the goodbye must not be heard any longer.
            IOLoop.current().call_later(LAST_WORD_SECONDS, connection.stream.close)
        return len(handlers)


def user_of(guest: Guest) -> User:
    """A guest as Jupyter sees people."""
    words = guest.name.split()
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    return User(guest.username, guest.name, guest.name, initials, None, None)


def check_host(handler: RequestHandler, *, by_network: bool) -> None:
    """Refuse requests for names that are not ours: a page elsewhere may point its name at us.

    Raises:
        HTTPError: 403.
    """
    host = _PORT.sub("", handler.request.host or "").strip("[]").lower()
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        allowed = host == "localhost" or (by_network and host in _own_names())
    else:
        allowed = by_network or address.is_loopback
    if not allowed:
        raise HTTPError(403, "this server is not known by that name")


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name.partition('.')[0]}.local"}


def _or_none(ask: Any, book: GuestBook) -> Guest | None:  # noqa: ANN401 - a question to the book
    """The answer; None when the book cannot be trusted."""
    try:
        found: Guest | None = ask(book)
    except (RtcdError, OSError):
        return None
    return found


def _names_in_cookies(
    text: str, secret: bytes, provider: PasswordIdentityProvider
) -> Iterator[str]:
    for piece in text.split(";"):
        name, _, value = piece.strip().partition("=")
        if not name.startswith(COOKIE_PREFIX):
            continue
        plain = decode_signed_value(secret, name, value.strip('"'), max_age_days=COOKIE_DAYS)
        if plain is not None:
            with suppress(ValueError, KeyError):
                user = provider.user_from_cookie(plain.decode())
                if user is not None:
                    yield user.username
