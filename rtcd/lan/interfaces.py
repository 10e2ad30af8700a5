"""Our own network addresses, and whether another one is near."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import ifaddr

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Interface:
    """One address of this machine; ``scope`` is the name to use with a link-local address."""

    address: IPAddress
    network: IPNetwork
    scope: str

    @property
    def is_usable(self) -> bool:
        """True for what others may reach us by."""
        return not self.address.is_loopback and not self.address.is_unspecified


def interfaces() -> tuple[Interface, ...]:
    """All addresses of this machine, IPv4 first."""
    found = []
    for adapter in ifaddr.get_adapters():
        for one in adapter.ips:
            text = one.ip if isinstance(one.ip, str) else one.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            network = ipaddress.ip_network((address, one.network_prefix), strict=False)
            found.append(Interface(address, network, adapter.name))
    return tuple(sorted(found, key=lambda one: (one.address.version, int(one.address))))


def multicast_interfaces() -> list[str | int]:
    """Where to speak multicast: IPv4 by address, IPv6 by interface number; loopback if all else fails."""
    version4: list[str | int] = []
    version6: list[str | int] = []
    for adapter in ifaddr.get_adapters():
        for one in adapter.ips:
            text = one.ip if isinstance(one.ip, str) else one.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            if address.is_loopback:
                continue
            if address.version == 4:
                version4.append(text)
            elif adapter.index is not None and adapter.index not in version6:
                version6.append(adapter.index)
    return [*version4, *version6] or ["127.0.0.1"]


def own_addresses(known: tuple[Interface, ...] | None = None) -> tuple[IPAddress, ...]:
    """The addresses under which others on the network may reach us."""
    return tuple(one.address for one in known or interfaces() if one.is_usable)


def is_near(text: str, known: tuple[Interface, ...]) -> bool:
    """True for addresses of this machine, of private networks, and of networks that we are in."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    if address.is_loopback or address.is_private or address.is_link_local:
        return True
    return any(address in one.network for one in known if one.address.version == address.version)


def named_zone(text: str) -> str:
    """An address with the name of its zone instead of the number, which a restart may change."""
    address, mark, zone = text.partition("%")
    try:
        return address + mark + (socket.if_indextoname(int(zone)) if mark else "")
    except (ValueError, OSError):
        return text


def url_host(text: str) -> str:
    """An address as it stands in our URLs; an IPv6 zone stands there as it is.

    RFC 6874 wants its ``%`` escaped; the HTTP and WebSocket libraries take it as it is, and only so.
    """
    return f"[{text}]" if ":" in text else text
