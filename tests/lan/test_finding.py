"""Who is tried in which order, what a person is told, and how a host is found again."""

from __future__ import annotations

import contextlib

import pytest

from rtcd.errors import RtcdError, ServerUnreachableError
from rtcd.lan import find_host as finding
from rtcd.lan import join as joining
from rtcd.lan.find_host import find_host
from rtcd.lan.join import MAX_HOSTS, NobodyOffersError, join_on_network
from rtcd.lan.join_code import JoinCode
from rtcd.lan.knock import Invitation, JoinError
from rtcd.lan.membership import Membership, forget_membership
from rtcd.lan.service import Announcement
from rtcd.lan.share_state import mark_of
from rtcd.places import Places

CODE = JoinCode(7, ("guitar", "honey", "otter"))
KEY = "ab" * 16


def said(number, offers=7, key=KEY):
    instance = f"{number:012x}"
    return Announcement(
        instance=instance,
        port=8443,
        mark=mark_of(key, instance),
        number=offers,
        addresses=(f"10.0.0.{number}", f"fd00::{number}"),
    )


class FakeBrowser:
    def __init__(self, *announced):
        self._announced = announced

    def announced(self):
        return self._announced

    async def wait(self, is_wanted, seconds):
        return tuple(one for one in self._announced if is_wanted(one))


@pytest.fixture
def network(monkeypatch):
    def announce(*announced):
        @contextlib.asynccontextmanager
        async def browsing():
            yield FakeBrowser(*announced)

        monkeypatch.setattr(joining, "browsing", browsing)
        monkeypatch.setattr(finding, "browsing", browsing)

    return announce


def knocks(answers):
    """A way to knock that answers by URL, and the list of those it was tried at."""
    tried = []

    async def knock(url, code, name):
        tried.append(url)
        answer = answers.get(url, ServerUnreachableError("away"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    return knock, tried


def invitation(url):
    return Invitation(url=url, pin="0" * 64, token="t", key=KEY, project="p", host="h", name="n")


async def test_hosts_of_the_same_number_are_tried_until_one_knows_the_code(network):
    network(said(1), said(2, offers=8), said(3))
    good = invitation("https://10.0.0.3:8443/")
    knock, tried = knocks(
        {"https://10.0.0.1:8443/": JoinError("no", code="wrong-code"), good.url: good}
    )
    assert await join_on_network(CODE, "Grace", try_host=knock) == good
    assert tried == ["https://10.0.0.1:8443/", "https://10.0.0.3:8443/"]


async def test_a_host_is_tried_at_its_next_address_when_one_is_silent(network):
    network(said(1))
    good = invitation("https://[fd00::1]:8443/")
    knock, tried = knocks({good.url: good})
    assert await join_on_network(CODE, "Grace", try_host=knock) == good
    assert tried == ["https://10.0.0.1:8443/", good.url]


async def test_only_so_many_impostors_get_a_try_and_the_worst_is_told(network):
    network(*(said(number) for number in range(1, 20)))
    answers = {
        f"https://10.0.0.{number}:8443/": JoinError("no", code="no-offer")
        for number in range(1, 20)
    }
    answers["https://10.0.0.2:8443/"] = JoinError("between", code="somebody-between")
    knock, tried = knocks(answers)
    with pytest.raises(JoinError) as caught:
        await join_on_network(CODE, "Grace", try_host=knock)
    assert (caught.value.code, len(tried)) == ("somebody-between", MAX_HOSTS)


async def test_nobody_there_is_told_with_the_way_out(network):
    network(said(1, offers=8))
    with pytest.raises(NobodyOffersError) as caught:
        await join_on_network(CODE, "Grace", seconds=0.01, try_host=knocks({})[0])
    assert "code number 7 (1 other shares something)" in caught.value.message
    assert "rtcd join https://" in caught.value.hint


MEMBER = Membership(url="https://10.0.0.9:8443/", pin="1" * 64, key=KEY)


@pytest.fixture
def keys(monkeypatch):
    def answer(**by_host):
        async def look(url, seconds=5.0):
            pin = by_host.get(url.split("/")[2].replace(".", "_").replace(":8443", ""))
            if pin is None:
                raise ServerUnreachableError("nobody")
            return pin * 64

        monkeypatch.setattr(finding, "look_at_key", look)

    return lambda hosts: answer(**hosts)


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        ({"10_0_0_9": "1"}, "https://10.0.0.9:8443/"),
        ({"10_0_0_3": "1"}, "https://10.0.0.3:8443/"),
        ({"10_0_0_9": "2", "10_0_0_3": "1"}, "https://10.0.0.3:8443/"),
        ({"10_0_0_9": "2"}, "key-changed"),
        ({"10_0_0_9": "2", "10_0_0_3": "2"}, "key-changed"),
        ({"10_0_0_3": "2"}, "server-unreachable"),
        ({}, "server-unreachable"),
    ],
    ids=str,
)
async def test_a_host_is_where_its_key_is_and_nowhere_else(network, keys, hosts, found):
    network(said(1, key="cd" * 16), said(3))
    keys(hosts)
    try:
        seen = await find_host(MEMBER, 0.01)
    except RtcdError as error:
        seen = error.code
    assert seen == found


async def test_announcements_of_other_projects_are_not_even_looked_at(network, monkeypatch):
    network(said(1, key="cd" * 16))
    looked = []

    async def look(url, seconds=5.0):
        looked.append(url)
        raise ServerUnreachableError("nobody")

    monkeypatch.setattr(finding, "look_at_key", look)
    with pytest.raises(ServerUnreachableError):
        await find_host(MEMBER, 0.01)
    assert looked == [MEMBER.url]


def test_a_membership_is_private_kept_and_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    places = Places.of(tmp_path)
    assert Membership.read(places) is None
    MEMBER.write(places, "the-token")
    assert Membership.read(places) == MEMBER
    assert places.remote_token_file.stat().st_mode & 0o777 == 0o600
    file = places.state / "membership.json"
    assert "the-token" not in file.read_text()
    assert forget_membership(places)
    assert not forget_membership(places)
    assert not places.remote_token_file.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"url": 7}', '{"url": "x", "pin": "short"}'])
def test_a_broken_membership_is_none(tmp_path, monkeypatch, text):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    places = Places.of(tmp_path)
    MEMBER.write(places)
    (places.state / "membership.json").write_text(text)
    assert Membership.read(places) is None
