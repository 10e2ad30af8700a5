"""Guests on a real server: a token each, in by the network listener, and out when revoked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import ssl

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rtcd.errors import ServerRefusedError
from rtcd.lan.exchange import GuestExchange
from rtcd.lan.guest_book import GuestBook
from rtcd.lan.join_code import JoinCode
from rtcd.lan.knock import JoinError, knock, knock_verified
from rtcd.lan.share_state import share_folder
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.pin import pinned_context, unverified_context

pytestmark = pytest.mark.end_to_end


class Shared:
    """The served project with its network listener open."""

    def __init__(self, served, view):
        self.served = served
        self.pin = view["pin"]
        self.port = view["port"]
        self.url = f"https://127.0.0.1:{self.port}/"

    @contextlib.asynccontextmanager
    async def owner(self):
        async with ServerClient(self.served.address) as client:
            yield client

    async def code(self, purpose="join"):
        # Burned codes of other tests in this file must not stop this one: the door is asked again.
        async with self.owner() as client:
            return (await client.share("code", purpose=purpose))["code"]

    async def guest(self, name):
        """Somebody who came in; the door itself takes few newcomers at a time."""
        _, token = GuestBook(share_folder(self.served.places)).admit(name, "rtcd", "127.0.0.1")
        return ServerAddress.parse(self.url, token, tls=pinned_context(self.pin))

    async def guests(self):
        async with self.owner() as client:
            return (await client.share_view())["guests"]

    def http(self, **options):
        return httpx.AsyncClient(
            verify=unverified_context(), base_url=self.url, timeout=60, **options
        )


@pytest.fixture
async def shared(served):
    async with ServerClient(served.address) as client:
        view = await client.share("open", host="Ada Lovelace")
    return Shared(served, view)


def listening(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


async def test_without_a_share_only_this_machine_gets_near(served):
    async with ServerClient(served.address) as client:
        view = await client.share_view()
        assert (view["on"], view["addresses"], view["numbers"]) == (False, [], [])
        port = (await client.share("open", host="Ada"))["port"]
        assert listening(port)
        await client.share("close")
        assert not listening(port)
        assert (await client.share("open", host="Ada"))["port"] == port, "the same as before"


async def test_a_guest_comes_in_by_name_and_the_owners_token_does_not(shared):
    code = JoinCode.parse(await shared.code())
    invitation = await in_turn(lambda: knock(shared.url, code, "Grace Hopper"))
    assert (invitation.pin, invitation.host) == (shared.pin, "Ada Lovelace")
    guest = ServerAddress.parse(shared.url, invitation.token, tls=pinned_context(shared.pin))
    async with ServerClient(guest) as client:
        me = await client.whoami()
    assert (me["name"], me["username"].startswith("rtcd-guest-")) == ("Grace Hopper", True)
    token = shared.served.address.token.reveal()
    for tried in (token, "", "wrong"):
        address = ServerAddress.parse(shared.url, tried, tls=pinned_context(shared.pin))
        async with ServerClient(address) as client:
            with pytest.raises(ServerRefusedError):
                await client.about()


async def test_the_owners_cookie_is_of_no_use_on_the_network(shared):
    async with httpx.AsyncClient(timeout=60) as http:
        reply = await http.get(
            f"{shared.served.address.url}api/status", headers=shared.served.address.headers
        )
    cookies = {name: value for name, value in reply.cookies.items() if name.startswith("username")}
    assert cookies
    host = f"127.0.0.1-{shared.port}"
    moved = {f"username-{host}": value for value in cookies.values()}
    async with shared.http(cookies=moved) as http:
        assert (await http.get("api/status")).status_code == 403
    # A cookie is signed with the name of its host; whoever has it says that name.
    theirs = {"Host": httpx.URL(shared.served.address.url).netloc.decode()}
    async with httpx.AsyncClient(
        timeout=60, base_url=shared.served.address.url, cookies=cookies
    ) as http:
        assert (await http.get("api/status")).status_code == 200, "it is good on this machine"
    async with shared.http(cookies=cookies, headers=theirs) as http:
        assert (await http.get("api/status")).status_code == 403


async def test_revoking_ends_every_kind_of_connection_of_one_guest_and_of_nobody_else(shared):
    grace, alan = await shared.guest("Grace R"), await shared.guest("Alan R")
    kernel = await start_kernel(grace)
    routes = [
        "api/events/subscribe",
        "api/collaboration/room/JupyterLab:globalAwareness",
        f"api/kernels/{kernel}/channels",
    ]
    async with contextlib.AsyncExitStack() as stack:
        hers = [await stack.enter_async_context(opened(grace, route)) for route in routes]
        his = [await stack.enter_async_context(opened(alan, route)) for route in routes]
        async with shared.owner() as client:
            assert (await client.share("revoke", name="Grace R"))["revoked"] == "Grace R"
        for one in hers:
            assert await ended(one) in (1008, 1006)
        with pytest.raises(InvalidStatus):
            async with opened(grace, routes[0]):
                pass
        async with ServerClient(grace) as client:
            with pytest.raises(ServerRefusedError):
                await client.about()
        for one in his:
            async with asyncio.timeout(40):
                await (await one.ping())
        async with ServerClient(alan) as client:
            await client.about()
    assert "Grace R" not in [guest["name"] for guest in await shared.guests()]


async def test_somebody_else_changing_the_file_of_guests_is_enough(shared):
    grace = await shared.guest("Grace F")
    async with opened(grace, "api/events/subscribe") as link:
        GuestBook(share_folder(shared.served.places)).revoke("Grace F")
        assert await ended(link) in (1008, 1006)


async def test_a_guests_cookie_dies_with_the_guest(shared):
    grace = await shared.guest("Grace C")
    async with shared.http() as http:
        assert (await http.get("api/status", headers=grace.headers)).status_code == 200
        assert (await http.get("api/status")).status_code == 200, "by the cookie"
        GuestBook(share_folder(shared.served.places)).revoke("Grace C")
        assert (await http.get("api/status")).status_code == 403


async def test_a_browser_logs_in_by_its_own_kind_of_code_once(shared):
    code = await shared.code("browser")
    async with shared.http() as http:
        assert (await log_in(http, code)).status_code == 302
        me = (await http.get("api/me")).json()["identity"]
    assert me["username"].startswith("rtcd-guest-")
    async with shared.http() as http:
        assert (await log_in(http, code)).status_code == 401
        assert (await log_in(http, shared.served.address.token.reveal())).status_code == 401
    await shared.code("browser")
    async with shared.http() as http:
        joining = await shared.code("join")
        assert (await log_in(http, joining)).status_code == 401, "that one is for rtcd join"


async def test_guests_do_not_share_nor_revoke(shared):
    grace = await shared.guest("Grace S")
    async with ServerClient(grace) as client:
        for call in (client.share_view(), client.share("code"), client.share("revoke", name="x")):
            with pytest.raises(ServerRefusedError):
                await call


async def test_nobody_joins_twice_by_one_code_nor_by_a_recording_of_it(shared):
    code = JoinCode.parse(await shared.code())
    said = []
    async with shared.http() as http:
        http.event_hooks["request"] = [_keep(said)]
        guest = GuestExchange(code, shared.pin.encode(), os.urandom)
        greeting = {"v": 1, "number": code.number, "share": guest.greet().hex()}
        answer = await answer_in_turn(http, greeting)
        proof, sealed = guest.prove(bytes.fromhex(answer["share"]), {"name": "Grace T"})
        showing = {
            "v": 1,
            "attempt": answer["attempt"],
            "proof": proof.hex(),
            "sealed": sealed.hex(),
        }
        assert (await http.post("rtcd/join/proof", json=showing)).status_code == 200
        replayed = [await replayed_in_turn(http, url, body) for url, body in said[-2:]]
    assert [(one.status_code, one.json()["reason"]) for one in replayed] == [(404, "no-offer")] * 2
    with pytest.raises(JoinError) as caught:
        await in_turn(lambda: knock(shared.url, code, "Grace again"))
    assert caught.value.code == "no-offer"


async def test_a_tunnel_ends_at_the_plain_listener_and_the_code_works_there(shared):
    code = JoinCode.parse(await shared.code())
    url = shared.served.address.url
    invitation = await in_turn(lambda: knock_verified(url, code, "Grace by tunnel"))
    async with ServerClient(
        ServerAddress.parse(shared.served.address.url, invitation.token)
    ) as client:
        assert (await client.whoami())["name"] == "Grace by tunnel"


@pytest.mark.parametrize(
    ("host", "listener", "status"),
    [
        ("192.0.2.5:1", "network", 200),
        ("evil.example.org", "network", 403),
        ("localhost:8888", "plain", 200),
        ("127.0.0.1", "plain", 200),
        ("evil.example.org", "plain", 403),
        ("192.0.2.5", "plain", 403),
    ],
)
async def test_names_that_are_not_ours_are_refused(shared, host, listener, status):
    """A page elsewhere may point its own name at this machine; sharing must not open that way."""
    address = await shared.guest("Grace H") if listener == "network" else shared.served.address
    async with httpx.AsyncClient(timeout=60, verify=address.tls or True) as http:
        reply = await http.get(
            f"{address.url}api/status", headers={**address.headers, "Host": host}
        )
    assert reply.status_code == status
    GuestBook(share_folder(shared.served.places)).revoke_all()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"v": 2}', b'{"v": 1, "number": "7"}', b"[" * 10_000, b"x" * 20_000],
    ids=lambda body: repr(body[:20]),
)
async def test_odd_messages_are_refused(shared, body):
    async with shared.http() as http:
        for route in ("rtcd/join", "rtcd/join/proof"):
            assert (await http.post(route, content=body)).status_code == 400
        page = await http.post(
            "rtcd/join", json={"v": 1, "number": 1, "share": ""}, headers={"Origin": shared.url}
        )
        assert page.status_code in (403, 404), "not for pages"


async def test_large_requests_need_a_known_sender(shared):
    grace = await shared.guest("Grace L")
    large = json.dumps({"type": "file", "format": "text", "content": "x" * 300_000})
    async with shared.http() as http:
        try:
            status = (await http.put("api/contents/large.txt", content=large)).status_code
        except httpx.HTTPError:
            status = 400  # cut while it was still sending
        assert status == 400
    async with shared.http(headers=grace.headers) as http:
        assert (await http.put("api/contents/large.txt", content=large)).status_code == 201


async def test_only_tls_1_3_is_spoken(shared):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, OSError)):
        await asyncio.open_connection("127.0.0.1", shared.port, ssl=old)


async def test_no_secret_is_in_the_log(shared):
    code = await shared.code()
    grace = await shared.guest("Grace in the log")
    async with shared.http() as http:
        await http.get("api/status", headers=grace.headers)
        await http.get("api/status", params={"token": grace.token.reveal()})
    log = shared.served.log.read_text()
    assert grace.token.reveal() not in log
    assert shared.served.address.token.reveal() not in log
    assert not re.search("-".join(code.split("-")[1:]), log)


@contextlib.asynccontextmanager
async def opened(address, route):
    async with connect(
        address.websocket(route), additional_headers=address.headers, ssl=address.tls, proxy=None
    ) as link:
        yield link


async def ended(link):
    """The code by which a connection ended."""
    async with asyncio.timeout(40):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await link.recv()
    return link.close_code


async def answer_in_turn(http, greeting):
    """The host's answer to a greeting, once it does not say that this address asks too often."""
    async with asyncio.timeout(40):
        while True:
            answer = (await http.post("rtcd/join", json=greeting)).json()
            if "share" in answer:
                return answer
            assert answer["reason"] == "too-often", answer
            await asyncio.sleep(0.5)


async def replayed_in_turn(http, url, body):
    """The answer to a recording, once it does not say that this address asks too often."""
    async with asyncio.timeout(40):
        while True:
            answer = await http.post(
                url, content=body, headers={"Content-Type": "application/json"}
            )
            if answer.status_code != 429:
                return answer
            await asyncio.sleep(0.5)


async def in_turn(knocking):
    """Knock again for as long as the door says that this address asks too often."""
    async with asyncio.timeout(40):
        while True:
            try:
                return await knocking()
            except JoinError as error:
                if error.code != "too-often":
                    raise
            await asyncio.sleep(0.5)


async def start_kernel(address):
    async with httpx.AsyncClient(verify=address.tls, timeout=60, headers=address.headers) as http:
        return (await http.post(f"{address.url}api/kernels", json={})).json()["id"]


async def log_in(http, typed):
    page = await http.get("login")
    token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    return await http.post("login", data={"password": typed, "_xsrf": token[1] if token else ""})


def _keep(said):
    async def keep(request):
        said.append((str(request.url), request.content))

    return keep
