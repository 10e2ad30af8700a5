"""Files changed without a room: by a real server, for a daemon that stands in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from extension.conftest import Served
from extension.fake_daemon import lock_held
from rtcd.daemon import handover
from rtcd.daemon.control import ControlServer
from rtcd.documents.open_document import ROOM_TYPES
from rtcd.rooms.connection import RoomConnection
from rtcd.server.client import ServerClient
from rtcd.server.offered_changes import Answer, Change

pytestmark = pytest.mark.end_to_end

Said = dict[str, tuple[bytes, str, str]]


@pytest.fixture
async def client(served: Served) -> AsyncIterator[ServerClient]:
    async with ServerClient(served.address) as client:
        await client.about()
        yield client


@pytest.fixture
async def taken(served: Served) -> AsyncIterator[Said]:
    """A daemon that takes everything but ``no.txt``, and keeps what it was told."""
    said: Said = {}

    async def take(arguments: dict[str, list[dict[str, str]]]) -> dict[str, list[str]]:
        for item in arguments["files"]:
            data = handover.take(served.places, item["content"])
            said[item["path"]] = (data, item["expected"], item["by"])
        names = [item["path"] for item in arguments["files"]]
        return {"answers": ["differs" if name == "no.txt" else "taken" for name in names]}

    with lock_held(served.places):
        async with await ControlServer.open(served.places.control_socket, {"take": take}):
            yield said


def change(path: str, text: str) -> Change:
    return Change(path, text.encode(), sha256(b"before").hexdigest(), "Grace Hopper")


async def put(client: ServerClient, change: Change) -> Answer:
    assert client.changes is not None
    return await client.changes.replace(change)


async def test_the_daemon_gets_every_change_and_answers_for_each(
    served: Served, client: ServerClient, taken: Said
) -> None:
    changes = [change(f"{n}.txt", f"text {n}") for n in range(120)] + [change("no.txt", "")]
    answers = await asyncio.gather(*(put(client, one) for one in changes))
    assert answers == [Answer.TAKEN] * 120 + [Answer.DIFFERS]
    assert taken == {one.path: (one.data, one.expected, "Grace Hopper") for one in changes}
    assert not list(served.places.recovery.iterdir())


async def test_what_somebody_has_open_is_left_alone(
    served: Served, client: ServerClient, taken: Said
) -> None:
    (served.project / "open.txt").write_text("before")
    session = await client.document_session("open.txt", *ROOM_TYPES["text"])
    user = {"username": "Ada", "name": "Ada", "display_name": "Ada"}
    room = await RoomConnection.open(served.address, session, session.room_id, user=user)
    try:
        assert client.changes is not None
        assert await client.changes.is_open("open.txt")
        assert await put(client, change("open.txt", "after")) is Answer.OPEN
        assert not await client.changes.is_open("closed.txt")
    finally:
        await room.close()
    assert taken == {}


@pytest.mark.parametrize("path", ["../outside.txt", ".hidden/file.txt", "/etc/passwd", ""])
async def test_nothing_is_changed_where_nothing_is_served(
    client: ServerClient, taken: Said, path: str
) -> None:
    assert await put(client, change(path, "after")) is Answer.NOT_HERE
    assert taken == {}


async def test_without_a_daemon_nothing_is_changed(served: Served, client: ServerClient) -> None:
    (served.project / "alone.txt").write_text("before")
    assert await put(client, change("alone.txt", "after")) is Answer.NOT_HERE
    assert (served.project / "alone.txt").read_text() == "before"
