"""``ServerAddress``: where the Jupyter server is and how to be let in."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from rtcd.errors import UsageError
from rtcd.server.paths import quote_path
from rtcd.server.secret import Secret

# What people copy from the browser's address bar; the server's own address ends before it.
PAGES = ("lab", "tree", "notebooks", "edit", "login", "doc")


class Place:
    """Where a server is now; it may move (a new network address), its key stays.

    Whoever holds an address with a place asks for the URL anew at each connection.
    """

    def __init__(self, url: str) -> None:
        self.url = url


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server's address; ``url`` ends in a slash and holds no token.

    ``tls`` is the TLS context for ``https``; None means the system's certificates. One of
    ``server/pin.py`` pins the server's key: the token is sent after the handshake. ``place`` is set
    for a server that may move; ``first_url`` is then where it was at first.
    """

    first_url: str
    token: Secret
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    place: Place | None = field(default=None, repr=False, compare=False)

    @classmethod
    def parse(
        cls, url: str, token: str | None = None, *, tls: ssl.SSLContext | None = None
    ) -> ServerAddress:
        """From what a person typed or copied; a ``?token=`` is taken out of the URL.

        ``token`` wins over one in the URL.

        Raises:
            UsageError: it is no http or https address.
        """
        if "://" not in url:
            url = f"http://{url}"
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                "the server's address is not a web address",
                hint="It looks like http://localhost:8888/ or https://hub.example.org/user/NAME/.",
            )
        if parts.username is not None:
            raise UsageError(
                "the server's address holds a user name or password",
                hint="Give the token with --token-file or RTCD_TOKEN instead.",
            )
        found = parse_qs(parts.query).get("token", [""])[0]
        base = urlunsplit((parts.scheme, _plain(parts.netloc), _base_path(parts.path), "", ""))
        return cls(base, Secret(token or found), tls)

    @property
    def url(self) -> str:
        """Where the server is now."""
        return self.first_url if self.place is None else self.place.url

    @property
    def is_direct(self) -> bool:
        """True when no proxy may stand between: on this machine, or known by its key."""
        return self.tls is not None or self.is_loopback

    @property
    def is_tls(self) -> bool:
        """True when what is said on the way is a secret."""
        return self.url.startswith("https:")

    @property
    def port(self) -> int:
        """The TCP port."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def is_loopback(self) -> bool:
        """True when the server runs on this machine."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def is_open_to_others(self) -> bool:
        """True when everybody on the way can read what is sent: plain http to another machine.

        The near end of a tunnel is on this machine.
        """
        return not self.url.startswith("https:") and not self.is_loopback

    @property
    def origin(self) -> str:
        """Scheme, host and port: the only place that may see the token."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def headers(self) -> dict[str, str]:
        """What lets us in; empty when there is no token."""
        return {"Authorization": f"token {self.token.reveal()}"} if self.token else {}

    def refuse_open_token(self) -> None:
        """Call it before a token is sent for the first time.

        Raises:
            UsageError: the token would go over the network in the open.
        """
        if self.is_open_to_others:
            raise UsageError(
                f"the token would go over the network in the open, to {self.url}",
                hint="Use the server's https address, or a tunnel: "
                f"`ssh -N -L 8888:localhost:{self.port} HOST`, then http://localhost:8888/.",
                code="open-token",
            )

    def http(self, route: str, path: str | None = None, **query: str) -> str:
        """The URL of a route like ``api/status``, with a server path behind it if there is one.

        Raises:
            PathRefusedError: the path is not plain.
        """
        url = self.url + route
        if path is not None:
            url += "/" + quote_path(path)
        return f"{url}?{urlencode(query)}" if query else url

    def websocket(self, route: str, **query: str) -> str:
        """The same for a WebSocket."""
        return "ws" + self.http(route, **query).removeprefix("http")


def _plain(netloc: str) -> str:
    """Host and port in one spelling; an IPv6 zone as it is, not escaped as in RFC 6874."""
    address, mark, zone = netloc.partition("%")
    return (
        address.lower() + mark + (zone.removeprefix("25") if zone[2:3] not in ("", "]") else zone)
    )


def _base_path(path: str) -> str:
    names = [name for name in path.split("/") if name]
    for index, name in enumerate(names):
        # /user/NAME/ of a hub may be anything, a page name included.
        if name in PAGES and (index == 0 or names[index - 1] != "user"):
            names = names[:index]
            break
    return "/" + "".join(f"{name}/" for name in names)
