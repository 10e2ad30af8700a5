"""What is said on the network, and what is made of what others say."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.lan.interfaces import Interface, is_near, named_zone, url_host
from rtcd.lan.service import MAX_ADDRESSES, SERVICE_TYPE, Announcement
from rtcd.lan.share_state import mark_of

INSTANCE = "0123456789ab"
KEY = "00112233445566778899aabbccddeeff"
NAME = f"{INSTANCE}.{SERVICE_TYPE}"
TXT = {b"v": b"1", b"m": mark_of(KEY, INSTANCE).encode(), b"n": b"7"}


def interface(text, name="eth0"):
    one = ipaddress.ip_interface(text)
    return Interface(one.ip, one.network, name)


HERE = (interface("192.0.2.5/24"), interface("2001:db8:1::5/64"))


def parse(name=NAME, port=8443, txt=TXT, addresses=("192.0.2.9",), known=HERE):
    return Announcement.parse(name, port, txt, addresses, known)


def test_what_is_announced_is_understood_by_others():
    said = Announcement(instance=INSTANCE, port=8443, mark=mark_of(KEY, INSTANCE), number=7)
    heard = Announcement.parse(
        said.service_name,
        said.port,
        {key.encode(): value.encode() for key, value in said.txt().items()},
        ["192.0.2.9"],
        HERE,
    )
    assert heard == Announcement(
        instance=INSTANCE,
        port=8443,
        mark=mark_of(KEY, INSTANCE),
        number=7,
        addresses=("192.0.2.9",),
    )


def test_members_know_their_project_again_and_the_mark_tells_others_nothing():
    said = parse()
    assert said.is_of(KEY)
    assert not said.is_of("ff" * 16)
    assert mark_of(KEY, INSTANCE) != mark_of(KEY, "ba9876543210"), "no two announcements are alike"


def test_nothing_is_announced_but_version_mark_and_number():
    said = Announcement(instance=INSTANCE, port=1, mark=mark_of(KEY, INSTANCE), number=None)
    assert said.txt() == {"v": "1", "m": mark_of(KEY, INSTANCE)}
    assert said.server_name == f"rtcd-{INSTANCE}.local."


@pytest.mark.parametrize(
    "odd",
    [
        {"name": f"Ada's thesis.{SERVICE_TYPE}"},
        {"name": f"{'0' * 13}.{SERVICE_TYPE}"},
        {"name": INSTANCE},
        {"port": 0},
        {"port": 65536},
        {"port": None},
        {"txt": {}},
        {"txt": TXT | {b"v": b"2"}},
        {"txt": TXT | {b"m": b"short"}},
        {"txt": TXT | {b"m": None}},
        {"addresses": ()},
        {"addresses": ("93.184.216.34", "2606:4700::1111", "not an address", "224.0.0.1")},
    ],
    ids=str,
)
def test_what_no_rtcd_says_or_leads_far_away_is_passed_over(odd):
    assert parse(**odd) is None


@pytest.mark.parametrize("number", [b"", b"0", b"-1", b"100", b"seven", b"7" * 500, None, b"\xb2"])
def test_an_odd_number_is_no_number(number):
    assert parse(txt=TXT | {b"n": number}).number is None


def test_the_likeliest_address_comes_first_and_only_so_many_are_kept():
    found = parse(addresses=("fe80::1%eth0", "2001:db8:1::9", "10.0.0.9", "192.0.2.9", "192.0.2.9"))
    assert found.addresses == ("192.0.2.9", "2001:db8:1::9", "10.0.0.9", "fe80::1%eth0")
    assert found.urls[1] == "https://[2001:db8:1::9]:8443/"
    assert found.urls[3] == "https://[fe80::1%eth0]:8443/"
    many = [f"10.0.0.{number}" for number in range(1, 200)]
    assert len(parse(addresses=many).addresses) == MAX_ADDRESSES


def test_what_is_our_own_address_too_comes_last():
    docker = (*HERE, interface("172.17.0.1/16", "docker0"))
    found = parse(addresses=("172.17.0.1", "fe80::1%eth0", "10.0.0.9", "192.0.2.9"), known=docker)
    assert found.addresses == ("192.0.2.9", "10.0.0.9", "fe80::1%eth0", "172.17.0.1")


def test_a_zone_is_kept_by_its_name():
    number, name = socket.if_nameindex()[0]
    assert named_zone(f"fe80::1%{number}") == f"fe80::1%{name}"
    assert named_zone("fe80::1%eth9") == "fe80::1%eth9"
    assert named_zone("fe80::1%99999999") == "fe80::1%99999999"
    assert named_zone("10.0.0.1") == "10.0.0.1"


@given(
    st.text(max_size=80),
    st.one_of(st.none(), st.integers(), st.text()),
    st.dictionaries(st.binary(max_size=4), st.one_of(st.none(), st.binary(max_size=300))),
    st.lists(st.text(max_size=50), max_size=20),
)
def test_no_announcement_whatever_it_holds_does_harm(name, port, txt, addresses):
    assert Announcement.parse(name, port, txt, addresses, HERE) is None
    Announcement.parse(NAME, port, TXT | txt, addresses, HERE)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("192.168.1.1", True),
        ("169.254.3.4", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("192.0.2.77", True),
        ("2001:db8:1::77", True),
        ("::ffff:10.0.0.1", True),
        ("8.8.8.8", False),
        ("2606:4700::1", False),
        ("::ffff:8.8.8.8", False),
        ("0.0.0.0", False),
        ("::", False),
        ("255.255.255.255", False),
        ("", False),
        ("evil.example.org", False),
    ],
)
def test_near_is_what_is_private_or_in_a_network_of_ours(text, near):
    assert is_near(text, HERE) is near


def test_a_public_network_is_near_to_its_own_members_only():
    assert is_near("93.184.216.34", (interface("93.184.216.2/24"),))
    assert not is_near("93.184.217.34", (interface("93.184.216.2/24"),))


def test_hosts_in_urls():
    assert (url_host("10.0.0.1"), url_host("fd00::1")) == ("10.0.0.1", "[fd00::1]")
