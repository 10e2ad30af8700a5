"""Connections over real sockets: to a room that misbehaves, over bad links, to a stock server."""

from __future__ import annotations

import asyncio
import http

import pycrdt
import pytest

from end_to_end.stock_server import StockServer
from fakes.proxy import TcpProxy
from fakes.room_server import RoomServer
from rtcd.crdt.sync_protocol import EMPTY_STATE_VECTOR, STEP2, SYNC, UPDATE, Step1, Update
from rtcd.errors import (
    NotFoundOnServerError,
    ServerError,
    ServerRefusedError,
    ServerUnreachableError,
)
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.events import AwarenessChanged, RoomClosed, RoomUpdated
from rtcd.rooms.person import user_state
from rtcd.rooms.timing import RoomTiming
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient

ADA, BO = user_state("Ada"), user_state("Bo")
QUICK = RoomTiming(ping_after=0.4, dead_after=0.4, close=0.2, connect=3.0)


class Typist:
    """A document over a connection, as the sync layer would keep it."""

    def __init__(self, room: RoomConnection) -> None:
        self.room = room
        self.doc: pycrdt.Doc = pycrdt.Doc()
        self.doc.apply_update(room.pulled)
        self.text = self.doc.get("source", type=pycrdt.Text)

    def edit(self, index: int, text: str) -> bytes:
        before = self.doc.get_state()
        self.text.insert(index, text)
        return self.doc.get_update(before)

    async def type(self, index: int, text: str) -> bytes:
        update = self.edit(index, text)
        await self.room.send_update(update)
        return update

    async def read_until(self, condition) -> list:
        events = []
        async with asyncio.timeout(40):
            async for event in self.room.events():
                events.append(event)
                if isinstance(event, RoomUpdated):
                    self.doc.apply_update(event.update)
                if condition(event):
                    return events
        return events


async def join(url: str, *, user=ADA, timing: RoomTiming | None = None) -> RoomConnection:
    address = ServerAddress.parse(url)
    return await RoomConnection.open(address, None, "text:file:x", user=user, timing=timing)


def is_own(event) -> bool:
    return isinstance(event, RoomUpdated) and event.own


def is_closed(event) -> bool:
    return isinstance(event, RoomClosed)


async def test_the_whole_document_is_pulled_and_nothing_of_ours_is_pushed():
    async with RoomServer("hello") as server:
        room = await join(server.url)
        assert str(Typist(room).text) == "hello"
        await room.close()
    syncs = [message for message in server.messages if message[0] == SYNC]
    assert syncs == [Step1(EMPTY_STATE_VECTOR).encode()]


async def test_edits_arrive_at_others_and_come_back_as_acknowledged():
    async with RoomServer("hello") as server:
        ada, bo = Typist(await join(server.url)), Typist(await join(server.url, user=BO))
        first, second = await ada.type(0, "a"), await ada.type(1, "b")
        events = await ada.read_until(lambda event: event == RoomUpdated(second, own=True))
        assert [e for e in events if is_own(e)] == [
            RoomUpdated(u, own=True) for u in (first, second)
        ]
        assert ada.room.unacknowledged == 0
        await bo.read_until(lambda event: str(bo.text) == "abhello")
        await ada.room.close()
        await bo.room.close()


async def test_people_see_each_other_come_and_go():
    async with RoomServer() as server:
        ada, bo = await join(server.url), await join(server.url, user=BO)
        await Typist(bo).read_until(lambda event: [p.name for p in bo.people()] == ["Ada"])
        await Typist(ada).read_until(lambda event: [p.name for p in ada.people()] == ["Bo"])
        await bo.close()
        await Typist(ada).read_until(lambda event: event == AwarenessChanged(()))
        await ada.close()


async def test_who_catches_up_has_taken_whatever_was_said_before():
    async with RoomServer() as server:
        room = await join(server.url)
        held: list[bytes] = []

        async def hold(client, message: bytes) -> bool:
            held.append(message)
            return message[0] == 1

        server.answer = hold
        catching_up = asyncio.create_task(room.catch_up())
        async with asyncio.timeout(30):
            while not held:
                await asyncio.sleep(0.01)
        before = server.doc.get_state()
        server.text += "said before"
        await server.broadcast(Update(server.doc.get_update(before)).encode())
        assert not catching_up.done(), "our word did not come back yet"
        await server.broadcast(held[-1])
        ada = Typist(room)
        reading = asyncio.create_task(ada.read_until(is_closed))
        async with asyncio.timeout(30):
            await catching_up
        assert str(ada.text) == "said before"
        await room.close()
        await reading
        with pytest.raises(ServerUnreachableError):
            await room.catch_up()


async def test_an_update_that_is_never_echoed_ends_the_connection():
    async with RoomServer() as server:
        server.echo = False
        ada = Typist(await join(server.url, timing=RoomTiming(echo=0.5, close=0.2)))
        await ada.type(0, "x")
        events = await ada.read_until(is_closed)
        assert (events[-1].retry, ada.room.unacknowledged) == (True, 1)
        with pytest.raises(ServerUnreachableError):
            await ada.type(0, "y")
        await ada.room.close()
        async with asyncio.timeout(40):
            while server.clients:
                await asyncio.sleep(0.01)


async def test_a_frame_over_the_limit_is_refused():
    async with RoomServer() as server:
        ada = Typist(await join(server.url))
        await server.broadcast(bytes(64 * 1024 * 1024 + 1000))
        events = await ada.read_until(is_closed)
        assert (events[-1].code, events[-1].retry) == (1009, False)
        await ada.room.close()


async def test_a_large_document_within_the_limit_is_pulled():
    async with RoomServer("x" * 30_000_000) as server:
        room = await join(server.url)
        assert len(room.pulled) > 30_000_000
        await room.close()


@pytest.mark.parametrize(
    ("close", "error"),
    [
        ((4404, "Error initializing: x."), NotFoundOnServerError),
        ((4400, "Error initializing: x."), ServerError),
        ((1003, '{"reason":"unknown_session"}'), ServerError),
        ((1001, ""), ServerUnreachableError),
    ],
)
async def test_a_room_that_refuses_is_an_error(close, error):
    async with RoomServer() as server:
        server.close_with = close
        with pytest.raises(error):
            await join(server.url)


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (403, {}, ServerRefusedError),
        (500, {}, ServerError),
        (503, {}, ServerUnreachableError),
        (200, {}, ServerError),
        (302, {"Location": "/login?next=x"}, ServerRefusedError),
        (302, {"Location": "http://evil.example/"}, ServerUnreachableError),
    ],
)
async def test_a_handshake_that_fails_is_an_error(status, headers, error):
    def reply(link, request):
        response = link.respond(http.HTTPStatus(status), "no")
        response.headers.update(headers)
        return response

    async with RoomServer() as server:
        server.reply = reply
        with pytest.raises(error):
            await join(server.url)


async def test_the_token_does_not_follow_a_redirect():
    asked = []

    def note(link, request):
        asked.append(request.headers.get("Authorization"))

    async with RoomServer() as trap, RoomServer() as server:
        trap.reply = note

        def reply(link, request):
            response = link.respond(http.HTTPStatus.FOUND, "")
            response.headers["Location"] = trap.url.replace("http", "ws")
            return response

        server.reply = reply
        with pytest.raises(ServerUnreachableError):
            await RoomConnection.open(
                ServerAddress.parse(server.url, "secret"), None, "rtcd", user=ADA
            )
    assert asked == []


async def test_nobody_at_the_address_is_an_error():
    async with RoomServer() as server:
        url = server.url
    with pytest.raises(ServerUnreachableError):
        await join(url)


async def test_a_cancelled_open_leaves_nothing_behind():
    async def swallow(client, message):
        return True

    async with RoomServer() as server:
        server.answer = swallow
        opening = asyncio.create_task(join(server.url, timing=QUICK))
        while not server.messages:
            await asyncio.sleep(0.01)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("room")]


async def test_a_half_open_link_is_noticed():
    async with RoomServer("x") as server, TcpProxy(port_of(server.url)) as proxy:
        ada = Typist(await join(proxy.url(server.url), timing=QUICK))
        proxy.stall()
        await ada.room.send_update(ada.edit(0, "lost"))
        events = await ada.read_until(is_closed)
        assert (events[-1].retry, ada.room.unacknowledged) == (True, 1)
        await ada.room.close()


async def test_a_half_open_link_is_noticed_with_a_full_socket():
    async with RoomServer("x") as server, TcpProxy(port_of(server.url)) as proxy:
        ada = Typist(await join(proxy.url(server.url), timing=QUICK))
        proxy.stall()
        with pytest.raises(ServerUnreachableError):
            await asyncio.wait_for(ada.type(0, "x" * 30_000_000), 60)
        assert (await ada.read_until(is_closed))[-1].retry
        await ada.room.close()


async def test_a_quiet_link_lives_on_pings():
    async with RoomServer("x") as server, TcpProxy(port_of(server.url)) as proxy:
        room = await join(proxy.url(server.url), timing=QUICK)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(room.wait_closed(), 2.5)
        await room.close()


async def test_a_cut_link_is_noticed_at_once():
    async with RoomServer("x") as server, TcpProxy(port_of(server.url)) as proxy:
        ada = Typist(await join(proxy.url(server.url)))
        proxy.cut()
        assert (await ada.read_until(is_closed))[-1].retry
        await ada.room.close()


async def test_a_slow_link_makes_progress_without_a_time_out():
    """Echo and ping times are a tenth of what the upload takes."""
    timing = RoomTiming(ping_after=0.4, dead_after=0.4, echo=0.4, close=0.2)
    async with RoomServer("x") as server, TcpProxy(port_of(server.url)) as proxy:
        ada = Typist(await join(proxy.url(server.url), timing=timing))
        proxy.rate = 1_000_000.0
        await ada.type(0, "y" * 4_000_000)
        assert is_own((await ada.read_until(lambda event: is_own(event) or is_closed(event)))[-1])
        await ada.room.close()


async def test_damaged_frames_end_the_connection_and_nothing_else():
    def damage(data: bytes) -> bytes:
        return data[:4] + bytes(byte ^ 0xFF for byte in data[4:])

    async with RoomServer("x") as server, TcpProxy(port_of(server.url)) as proxy:
        ada = Typist(await join(proxy.url(server.url)))
        proxy.corrupt = damage
        await server.broadcast(Update(b"\0\0").encode())
        assert (await ada.read_until(is_closed))[-1].retry
        await ada.room.close()


async def test_a_flood_does_not_pile_up_behind_a_slow_reader():
    async with RoomServer() as server:
        slow, fast = Typist(await join(server.url)), Typist(await join(server.url, user=BO))
        for index in range(2000):
            await fast.type(index, "x")
        await fast.read_until(lambda event: fast.room.unacknowledged == 0)
        assert len(slow.room._inbox) < 200
        await slow.read_until(lambda event: len(str(slow.text)) == 2000)
        await slow.room.close()
        await fast.room.close()


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].strip("/"))


async def enter(
    server: StockServer, path: str, *, user=ADA, url: str | None = None, timing=None
) -> Typist:
    address = ServerAddress.parse(url or server.url, server.token)
    async with ServerClient(address) as client:
        session = await client.document_session(path, "text", "file")
    room = await RoomConnection.open(address, session, session.room_id, user=user, timing=timing)
    return Typist(room)


@pytest.mark.end_to_end
async def test_a_stock_server_takes_edits_and_saves_them(stock_server):
    file = stock_server.root / "stock.txt"
    file.write_text("hello\n")
    ada, bo = (
        await enter(stock_server, "stock.txt"),
        await enter(stock_server, "stock.txt", user=BO),
    )
    update = await ada.type(0, "Aé😀 ")
    await ada.read_until(lambda event: event == RoomUpdated(update, own=True))
    await bo.read_until(lambda event: str(bo.text) == "Aé😀 hello\n")
    assert await ada.room.request_save()
    assert file.read_text() == "Aé😀 hello\n"
    await ada.room.close()
    await bo.room.close()


@pytest.mark.end_to_end
async def test_a_stock_server_acknowledges_what_it_has_already(stock_server):
    """It echoes nothing for a deletion that somebody else made first."""
    (stock_server.root / "twice.txt").write_text("hello\n")
    ada, bo = (
        await enter(stock_server, "twice.txt"),
        await enter(stock_server, "twice.txt", user=BO),
    )
    deletions = []
    for one in (ada, bo):
        before = one.doc.get_state()
        del one.text[0:3]
        deletions.append(one.doc.get_update(before))
    await asyncio.gather(ada.room.send_update(deletions[0]), bo.room.send_update(deletions[1]))
    for one, deletion in zip((ada, bo), deletions, strict=True):
        await one.read_until(lambda event, mine=deletion: event == RoomUpdated(mine, own=True))
        assert one.room.unacknowledged == 0
        await one.room.close()


@pytest.mark.end_to_end
async def test_a_stock_server_needs_no_answer_to_its_question(stock_server):
    """Reading works, and so does writing, though our STEP2 is never sent."""
    (stock_server.root / "silent.txt").write_text("a\n")
    ada = await enter(stock_server, "silent.txt")
    sent = []
    original = ada.room._link.send
    ada.room._link.send = lambda message: sent.append(message) or original(message)
    await ada.type(0, "x")
    await ada.read_until(is_own)
    assert {(m[0], m[1]) for m in sent if m[0] == SYNC} == {(SYNC, UPDATE)}
    assert (SYNC, STEP2) not in {(m[0], m[1]) for m in sent}
    await ada.room.close()


@pytest.mark.end_to_end
async def test_a_stock_server_refuses_in_words_we_know(stock_server, address):
    async with ServerClient(address) as client:
        with pytest.raises(NotFoundOnServerError):
            await client.document_session("missing.txt", "text", "file")
        (stock_server.root / "latin.txt").write_bytes(b"\xe9\xe8")
        latin = await client.document_session("latin.txt", "text", "file")
        (stock_server.root / "gone.txt").write_text("x")
        gone = await client.document_session("gone.txt", "text", "file")
        await client.delete("gone.txt")
    for session, code in ((latin, "unreadable-on-server"), (gone, "room-unavailable")):
        with pytest.raises(ServerError) as caught:
            await RoomConnection.open(address, session, session.room_id, user=ADA)
        assert caught.value.code == code
    wrong = ServerAddress.parse(stock_server.url, "wrong")
    with pytest.raises(ServerRefusedError):
        await RoomConnection.open(wrong, latin, latin.room_id, user=ADA)


@pytest.mark.end_to_end
async def test_every_edit_reaches_the_other_client(stock_server):
    (stock_server.root / "fast.txt").write_text("\n")
    ada, bo = await enter(stock_server, "fast.txt"), await enter(stock_server, "fast.txt", user=BO)
    for number in range(100):
        await ada.type(0, f"{number}|")
        await bo.read_until(lambda event, n=number: str(bo.text).startswith(f"{n}|"))
    await ada.room.close()
    await bo.room.close()
    assert str(ada.text) == str(bo.text)


@pytest.mark.end_to_end
async def test_a_restarted_server_is_a_closed_room_and_a_new_session(tmp_path):
    (tmp_path / "a.txt").write_text("one\n")
    with StockServer(tmp_path, document_save_delay=0.1) as server:
        ada = await enter(server, "a.txt")
        await asyncio.to_thread(server.kill)
        assert (await ada.read_until(is_closed))[-1].retry
        await ada.room.close()
        await asyncio.to_thread(server.start)
        again = await enter(server, "a.txt")
        assert (str(again.text), again.room.session_id != ada.room.session_id) == ("one\n", True)
        await again.room.close()
