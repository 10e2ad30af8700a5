"""The server's event stream."""

from __future__ import annotations

import asyncio
import json

import pytest

from end_to_end.stock_server import StockServer
from fakes.proxy import TcpProxy
from rtcd.errors import ServerRefusedError, ServerUnreachableError
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.person import user_state
from rtcd.rooms.server_events import (
    ContentsChanged,
    EventSubscription,
    PersonJoined,
    PersonLeft,
    RoomOverwritten,
    parse_event,
)
from rtcd.rooms.timing import RoomTiming
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
AWARENESS = "https://schema.jupyter.org/jupyter_collaboration/awareness/v1"
SESSION = "https://schema.jupyter.org/jupyter_collaboration/session/v1"


@pytest.mark.parametrize(
    ("event", "meaning"),
    [
        (
            {"schema_id": CONTENTS, "action": "save", "path": "a.txt"},
            ContentsChanged("save", "a.txt"),
        ),
        (
            {"schema_id": CONTENTS, "action": "copy", "path": "/b.txt", "source_path": "a.txt"},
            ContentsChanged("copy", "b.txt", "a.txt"),
        ),
        ({"schema_id": CONTENTS, "action": "get", "path": "a.txt"}, None),
        ({"schema_id": CONTENTS, "action": "explode", "path": "a.txt"}, None),
        ({"schema_id": CONTENTS, "action": "save", "path": 3}, None),
        (
            {"schema_id": AWARENESS, "action": "join", "roomid": "text:file:ID", "username": "u"},
            PersonJoined("ID", "text:file:ID", "u"),
        ),
        (
            {
                "schema_id": AWARENESS,
                "action": "leave",
                "roomid": "json:notebook:ID",
                "username": "u",
            },
            PersonLeft("ID", "json:notebook:ID", "u"),
        ),
        ({"schema_id": AWARENESS, "action": "join", "roomid": "rtcd", "username": "u"}, None),
        (
            {"schema_id": SESSION, "action": "overwrite", "room": "text:file:ID", "path": "a"},
            RoomOverwritten("text:file:ID", "a"),
        ),
        ({"schema_id": SESSION, "action": "load", "room": "text:file:ID", "path": "a"}, None),
        ([1], None),
        ({}, None),
    ],
)
def test_an_event_is_told_in_our_words(event, meaning):
    assert parse_event(json.dumps(event)) == meaning


@pytest.mark.parametrize("junk", ["", "{", "[" * 100_000, "null", "3"])
def test_what_cannot_be_read_is_passed_over(junk):
    assert parse_event(junk) is None


@pytest.mark.end_to_end
async def test_a_real_server_tells_of_saves_renames_and_people(stock_server, address):
    (stock_server.root / "told.txt").write_text("x\n")
    subscription = await EventSubscription.open(address)
    async with ServerClient(address) as client, asyncio.timeout(60):
        session = await client.document_session("told.txt", "text", "file")
        room = await RoomConnection.open(address, session, session.room_id, user=user_state("Ada"))
        await room.close()
        await client.create_file("told-2.txt", b"y")
        await client.rename("told-2.txt", "told-3.txt")
        await client.delete("told-3.txt")
        heard = []
        async for event in subscription.events():
            heard.append(event)
            if event == ContentsChanged("delete", "told-3.txt"):
                break
    await subscription.close()
    ours = [e for e in heard if getattr(e, "file_id", session.file_id) == session.file_id]
    assert [(type(e), getattr(e, "action", None), getattr(e, "path", None)) for e in ours] == [
        (PersonJoined, None, None),
        (PersonLeft, None, None),
        (ContentsChanged, "save", "told-2.txt"),
        (ContentsChanged, "rename", "told-3.txt"),
        (ContentsChanged, "delete", "told-3.txt"),
    ]


@pytest.mark.end_to_end
async def test_a_lost_stream_is_an_error(stock_server: StockServer):
    async with TcpProxy(stock_server.port) as proxy:
        address = ServerAddress.parse(proxy.url(stock_server.url), stock_server.token)
        timing = RoomTiming(ping_after=0.3, dead_after=0.3, close=0.2)
        subscription = await EventSubscription.open(address, timing=timing)
        stream = subscription.events()
        proxy.stall()
        with pytest.raises(ServerUnreachableError):
            await asyncio.wait_for(anext(stream), 60)
        await subscription.close()


@pytest.mark.end_to_end
async def test_a_wrong_token_is_refused(stock_server: StockServer):
    with pytest.raises(ServerRefusedError):
        await EventSubscription.open(ServerAddress.parse(stock_server.url, "wrong"))
