"""Daemons of one server talking to each other, over a real one."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from fakes.proxy import TcpProxy
from fakes.room_server import RoomServer
from rtcd.errors import ServerUnreachableError
from rtcd.rooms.announcements import Announcements, ClaimTiming
from rtcd.rooms.news import Announcement
from rtcd.rooms.person import user_state
from rtcd.rooms.timing import RoomTiming
from rtcd.server.address import ServerAddress

QUICK = ClaimTiming(renew=0.3, lease=1.0)


async def enter(address, name, **more):
    return await Announcements.open(address, user=user_state(name), room_id="rtcd-test", **more)


async def leave(*daemons):
    for daemon in daemons:
        await daemon.close()


@pytest.mark.end_to_end
async def test_two_daemons_claiming_at_once_never_hold_together(address):
    daemons = [await enter(address, f"daemon {n}") for n in range(2)]
    inside, turns = 0, []

    async def work(number, daemon):
        nonlocal inside
        for _ in range(200):
            async with daemon.claimed("file"):
                assert daemon.holds("file")
                inside += 1
                assert inside == 1
                turns.append(number)
                await asyncio.sleep(0)
                inside -= 1
            assert not daemon.holds("file")

    async with asyncio.timeout(90):
        await asyncio.gather(*(work(n, daemon) for n, daemon in enumerate(daemons)))
    assert (turns.count(0), turns.count(1)) == (200, 200)
    # Fair: nobody is served twice in a row while the other waits.
    assert sum(a != b for a, b in itertools.pairwise(turns)) > 300
    await leave(*daemons)


@pytest.mark.end_to_end
async def test_a_killed_holder_is_followed_when_its_lease_is_over(stock_server, address):
    async with TcpProxy(stock_server.port) as proxy:
        there = ServerAddress.parse(proxy.url(stock_server.url), stock_server.token)
        first = await enter(there, "first", timing=QUICK)
        second = await enter(address, "second", timing=QUICK)
        await first.claim("file")
        proxy.cut()
        await asyncio.wait_for(second.claim("file"), 40)
        assert not first.holds("file")
        with pytest.raises(ServerUnreachableError):
            await first.claim("other")
        await leave(first, second)


@pytest.mark.end_to_end
async def test_a_stalled_holder_stops_believing_before_another_may_begin(stock_server, address):
    async with TcpProxy(stock_server.port) as proxy:
        there = ServerAddress.parse(proxy.url(stock_server.url), stock_server.token)
        first = await enter(there, "first", timing=QUICK)
        second = await enter(address, "second", timing=QUICK)
        await first.claim("file")
        proxy.stall()
        claiming = asyncio.create_task(second.claim("file"))
        while not claiming.done():
            assert not (second.holds("file") and first.holds("file"))
            await asyncio.sleep(0.01)
        assert (first.holds("file"), second.holds("file")) == (False, True)
        proxy.resume()
        await asyncio.sleep(0.2)
        assert not first.holds("file")
        await leave(first, second)


@pytest.mark.end_to_end
async def test_who_leaves_or_gives_up_frees_at_once(address):
    first, second, third = [await enter(address, name) for name in ("a", "b", "c")]
    await first.claim("file")
    giving_up = asyncio.create_task(second.claim("file"))
    waiting = asyncio.create_task(third.claim("file"))
    await asyncio.sleep(0.3)
    giving_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await giving_up
    await first.close()
    await asyncio.wait_for(waiting, 40)
    assert third.holds("file")
    await leave(second, third)


@pytest.mark.end_to_end
async def test_a_newcomer_sees_claims_from_before(address):
    first = await enter(address, "first")
    await first.claim("file")
    second = await enter(address, "second")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(second.claim("file"), 1.0)
    await second.claim("another file")
    await first.release("file")
    await asyncio.wait_for(second.claim("file"), 40)
    await leave(first, second)


@pytest.mark.end_to_end
async def test_announcements_reach_all_others_once_and_in_order(address):
    first, second = await enter(address, "Ada"), await enter(address, "Bo")
    many = [Announcement("created", f"folder/{n}.txt") for n in range(500)]
    await first.announce(Announcement("folder", "folder"), *many)
    await first.announce(Announcement("renamed", "a.txt", "b.txt"))
    heard = []
    async with asyncio.timeout(60):
        async for announcement in second.incoming():
            heard.append((announcement.kind, announcement.path, announcement.by))
            if announcement.kind == "renamed":
                break
    expected = [("folder", "folder", "Ada")]
    expected += [("created", f"folder/{n}.txt", "Ada") for n in range(500)]
    assert heard == [*expected, ("renamed", "a.txt", "Ada")]
    third = await enter(address, "Cy")
    await first.announce(Announcement("deleted", "b.txt"))
    async for announcement in third.incoming():
        assert announcement == Announcement("deleted", "b.txt", by="Ada")
        break
    async with asyncio.timeout(40):
        while {person.name for person in second.people()} != {"Ada", "Cy"}:
            await asyncio.sleep(0.01)
    await leave(first, second, third)


async def test_a_lost_connection_ends_everything():
    async with RoomServer() as server:
        daemon = await enter(
            ServerAddress.parse(server.url), "a", room_timing=RoomTiming(close=0.2)
        )
        await daemon.claim("file")
        claiming = asyncio.create_task(daemon.claim("file"))
        for client in list(server.clients):
            client.transport.abort()
        async with asyncio.timeout(40):
            assert [one async for one in daemon.incoming()] == []
            with pytest.raises(ServerUnreachableError):
                await claiming
        assert not daemon.holds("file")
        await daemon.release("file")
        await daemon.close()
