"""``Announcement``: what is said on the network about a shared project, and nothing more. Pure.

Anybody on the network can read it and anybody can say it. So it holds no name of a person, a
machine or a project, no path and no secret; and what is heard is a hint where to look, which the key
exchange or the pinned key then proves or not. Service type and TXT record follow RFC 6763.

TXT: ``v`` version, ``n`` the number of the open code if there is one, ``m`` the mark by which members
recognise their project (it differs for each announcement).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rtcd.lan.interfaces import Interface, is_near, url_host
from rtcd.lan.join_code import MAX_NUMBER
from rtcd.lan.share_state import mark_of

SERVICE_TYPE = "_rtcd._tcp.local."
VERSION = b"1"
MAX_ADDRESSES = 8

_INSTANCE = re.compile(r"[0-9a-f]{12}")
_MARK = re.compile(rb"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One shared project. ``addresses`` are texts, IPv6 link-local ones with their zone."""

    instance: str
    port: int
    mark: str
    number: int | None = None
    addresses: tuple[str, ...] = ()

    @property
    def service_name(self) -> str:
        """The full name of the service instance."""
        return f"{self.instance}.{SERVICE_TYPE}"

    @property
    def server_name(self) -> str:
        """The host name of its SRV record: made up, so that no machine's name is told."""
        return f"rtcd-{self.instance}.local."

    @property
    def urls(self) -> tuple[str, ...]:
        """Where to look, the likeliest first."""
        return tuple(f"https://{url_host(text)}:{self.port}/" for text in self.addresses)

    def txt(self) -> dict[str, str]:
        """The TXT record."""
        number = {} if self.number is None else {"n": str(self.number)}
        return {"v": VERSION.decode(), "m": self.mark, **number}

    def is_of(self, key: str) -> bool:
        """True when it may be the project with this key; its pin still has to prove it."""
        return self.mark == mark_of(key, self.instance)

    @classmethod
    def parse(
        cls,
        service_name: str,
        port: object,
        txt: Mapping[bytes, bytes | None],
        addresses: Sequence[str],
        known: tuple[Interface, ...],
    ) -> Self | None:
        """What somebody announced; None for what no rtcd says, or that leads far away.

        ``known`` are our own interfaces, by which near and far are told apart.
        """
        instance, _, service_type = service_name.partition(".")
        mark = txt.get(b"m") or b""
        if (
            service_type != SERVICE_TYPE
            or not _INSTANCE.fullmatch(instance)
            or not _MARK.fullmatch(mark)
        ):
            return None
        if txt.get(b"v") != VERSION or not isinstance(port, int) or not 0 < port < 65536:
            return None
        near = [text for text in addresses if is_near(text, known)]
        if not near:
            return None
        return cls(
            instance=instance,
            port=port,
            mark=mark.decode(),
            number=_number(txt.get(b"n")),
            addresses=likeliest_first(near, known)[:MAX_ADDRESSES],
        )


def _number(text: bytes | None) -> int | None:
    if text is None or not text.isdigit() or len(text) > 2:
        return None
    return int(text) if 1 <= int(text) <= MAX_NUMBER else None


def likeliest_first(addresses: Sequence[str], known: tuple[Interface, ...]) -> tuple[str, ...]:
    """The addresses, each once, in the order in which they are worth a try.

    Those in a network of ours first: the others may be of networks that only the host is in, where a
    try waits until its time is up. Link-local ones last, and last of all what is our own as
    well (every machine with containers has 172.17.0.1). IPv4 before IPv6.
    """

    def preference(text: str) -> tuple[bool, bool, bool, bool, str]:
        address = ipaddress.ip_address(text.partition("%")[0])
        is_own = any(address == one.address for one in known)
        is_here = any(address in one.network for one in known if one.address != address)
        return is_own, address.is_link_local, not is_here, address.version == 6, text

    return tuple(sorted(set(addresses), key=preference))
