"""Who comes into a room learns at once who is there."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from pycrdt import Awareness, Doc, create_awareness_message
from websockets.asyncio.client import connect

from extension.room_client import headers
from rtcd.documents.open_document import ROOM_TYPES
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.person import user_state
from rtcd.rooms.presence import ROOM as EVERYBODY
from rtcd.server.client import ServerClient

pytestmark = pytest.mark.end_to_end


async def session_of(served, path):
    async with ServerClient(served.address) as client:
        return await client.document_session(path, *ROOM_TYPES["text"])


@asynccontextmanager
async def silent(served, name, path=None):
    """Somebody who says once who they are, as a browser does, and answers nothing."""
    session = None if path is None else await session_of(served, path)
    room_id = EVERYBODY if session is None else session.room_id
    query = "" if session is None else f"?sessionId={session.session_id}"
    url = served.address.websocket(f"api/collaboration/room/{room_id}") + query
    said = Awareness(Doc())
    said.set_local_state({"user": user_state(name)})
    async with connect(url, additional_headers=headers(served.address)) as socket:
        await socket.send(create_awareness_message(said.encode_awareness_update([said.client_id])))
        await socket.recv()
        await asyncio.sleep(0.2)
        yield
        said.set_local_state(None)
        await socket.send(create_awareness_message(said.encode_awareness_update([said.client_id])))


@asynccontextmanager
async def newcomer(served, name, path=None):
    session = None if path is None else await session_of(served, path)
    room_id = EVERYBODY if session is None else session.room_id
    room = await RoomConnection.open(served.address, session, room_id, user=user_state(name))
    try:
        yield room
    finally:
        await room.close()


async def names(room, wanted, seconds=40.0):
    async with asyncio.timeout(seconds):
        while (found := sorted(person.name for person in room.people())) != wanted:
            await asyncio.sleep(0.01)
    return found


@pytest.mark.parametrize("path", ["met.txt", None], ids=["a document", "everybody"])
async def test_a_newcomer_sees_who_is_there_without_waiting_for_a_renewal(served, path):
    (served.project / "met.txt").write_text("one\n")
    async with silent(served, "Ada", path), newcomer(served, "Grace", path) as grace:
        assert await names(grace, ["Ada"]) == ["Ada"]


async def test_who_has_left_is_not_introduced(served):
    (served.project / "left.txt").write_text("one\n")
    async with silent(served, "Ada", "left.txt"):
        async with silent(served, "Emmy", "left.txt"):
            pass
        async with newcomer(served, "Grace", "left.txt") as grace:
            assert await names(grace, ["Ada"]) == ["Ada"]
