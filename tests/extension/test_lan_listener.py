"""The door to the network before anybody has proved a thing: near only, few, not often, not long."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tornado.web import Application

from rtcd.extension import lan_listener
from rtcd.extension.lan_listener import MAX_UNPROVEN_EACH, LanListener
from rtcd.lan.certificate import ensure_certificate, server_context
from rtcd.lan.rate import Rate


@pytest.fixture
def opened(tmp_path):
    """Opens a listener; the port, and the listener."""
    ensure_certificate(tmp_path / "share")

    @contextlib.asynccontextmanager
    async def open_one():
        context = server_context(tmp_path / "share")
        listener = LanListener(Application([]), context, lambda headers: False)
        try:
            yield listener, listener.open(0)
        finally:
            listener.close()

    return open_one


@contextlib.asynccontextmanager
async def connections(port, count):
    """So many, one after the other, that say nothing."""
    async with contextlib.AsyncExitStack() as stack:
        readers = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            readers.append(reader)
        yield readers


async def is_cut(reader):
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(30):
            return await reader.read() == b""
    return True


async def until(is_so):
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_whoever_is_far_away_gets_no_handshake(opened, monkeypatch):
    monkeypatch.setattr(lan_listener, "is_near", lambda source, known: False)
    async with opened() as (listener, port), connections(port, 1) as [reader]:
        assert await is_cut(reader)
        assert (listener.refused, len(listener._unproven)) == (1, 0)


async def test_one_source_may_have_only_so_many_connections_that_prove_nothing(opened):
    async with opened() as (listener, port), connections(port, MAX_UNPROVEN_EACH) as readers:
        await until(lambda: len(listener._unproven) == MAX_UNPROVEN_EACH)
        assert listener.refused == 0
        async with connections(port, 1) as [one_more]:
            assert await is_cut(one_more)
        assert listener.refused == 1
        assert not any(reader.at_eof() for reader in readers)


async def test_all_sources_together_may_have_only_so_many(opened, monkeypatch):
    monkeypatch.setattr(lan_listener, "MAX_UNPROVEN", 2)
    async with opened() as (listener, port), connections(port, 2):
        await until(lambda: len(listener._unproven) == 2)
        async with connections(port, 1) as [one_more]:
            assert await is_cut(one_more)
        assert listener.refused == 1


async def test_one_source_may_not_come_too_often_and_accepting_stops_for_a_moment(
    opened, monkeypatch
):
    monkeypatch.setattr(lan_listener, "CONNECTIONS_EACH", Rate(burst=2, per_second=0))
    monkeypatch.setattr(lan_listener, "PAUSE_SECONDS", 3600.0)
    async with opened() as (listener, port), connections(port, 3) as readers:
        assert await is_cut(readers[2])
        assert listener.refused == 1
        async with connections(port, 5):
            await asyncio.sleep(0.05)
            assert listener.refused == 1, "the others wait in the kernel's queue"


async def test_who_proves_nothing_is_cut_after_a_while(opened, monkeypatch):
    monkeypatch.setattr(lan_listener, "UNPROVEN_SECONDS", 0.0)
    monkeypatch.setattr(lan_listener, "SWEEP_SECONDS", 0.05)
    async with opened() as (_, port), connections(port, 1) as [reader]:
        assert await is_cut(reader)
