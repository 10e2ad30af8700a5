"""What is said in a room reaches everybody there, in order, and the store."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager

import anyio
import pycrdt
import pytest
from pycrdt import Awareness, create_awareness_message, create_update_message
from pycrdt.store import BaseYStore
from pycrdt.websocket import WebsocketServer, YRoom
from websockets.frames import Frame, Opcode

from rtcd.extension.relay import frame, relay_rooms, send_now

LOG = logging.getLogger("rtcd")


class Connection:
    """A WebSocket as far as a relay needs one; keeps what it was given."""

    def __init__(self, *, broken: bool = False) -> None:
        self.heard: list[bytes] = []
        self.broken = broken

    def is_closing(self) -> bool:
        return False

    def write_message(self, message: bytes, binary: bool) -> None:
        assert binary
        if self.broken:
            raise OSError("this one is broken")
        self.heard.append(message)


class Client:
    """Somebody in a room, and what they say."""

    path = "a room"

    def __init__(self, *, broken: bool = False) -> None:
        self.ws_connection = Connection(broken=broken)
        self._said: asyncio.Queue[bytes] = asyncio.Queue()

    @property
    def heard(self) -> list[bytes]:
        return self.ws_connection.heard

    def say(self, message: bytes) -> None:
        self._said.put_nowait(message)

    async def send(self, message: bytes) -> None:
        """What upstream says to this one alone is not of interest here."""

    def __aiter__(self):
        return self

    async def __anext__(self) -> bytes:
        return await self._said.get()


class Store(BaseYStore):
    """Keeps what is written; slow, so that much comes together."""

    def __init__(self) -> None:
        self.updates: list[bytes] = []

    async def read(self):
        for update in self.updates:
            yield update, b"", 0.0

    async def write(self, data: bytes) -> None:
        await asyncio.sleep(0.01)
        self.updates.append(data)


@asynccontextmanager
async def room_with(*clients: Client, store: Store | None = None):
    server = WebsocketServer(log=LOG)
    relay_rooms(server, LOG)
    async with server:
        room = YRoom(ystore=store, log=LOG)
        server.rooms["a room"] = room
        await server.start_room(room)
        async with anyio.create_task_group() as tasks:
            for client in clients:
                tasks.start_soon(room.serve, client)
            await until(lambda: len(room.clients) == len(clients))
            await room.ydoc_observed.wait()
            yield room
            tasks.cancel_scope.cancel()
        await room.stop()


async def until(is_so) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.001)


def typing(count: int) -> tuple[list[bytes], str]:
    doc, updates = pycrdt.Doc(), []
    text = doc.get("source", type=pycrdt.Text)
    doc.observe(lambda event: updates.append(event.update))
    for number in range(count):
        text.insert(len(str(text)), f"{number} ")
    return updates, str(text)


def presence(name: str) -> bytes:
    said = Awareness(pycrdt.Doc())
    said.set_local_state({"user": {"name": name}})
    return create_awareness_message(said.encode_awareness_update([said.client_id]))


async def test_everybody_hears_everything_in_the_order_in_which_the_room_took_it():
    writer, reader = Client(), Client()
    updates, _ = typing(200)
    said = [create_update_message(update) for update in updates]
    said[100:100] = [presence("Ada")]
    async with room_with(writer, reader):
        for message in said:
            writer.say(message)
        await until(lambda: len(reader.heard) >= len(said))
        assert reader.heard == said
        assert writer.heard == said


async def test_all_updates_are_stored_however_slow_the_store():
    writer, store = Client(), Store()
    updates, text = typing(300)
    async with room_with(writer, store=store) as room:
        for update in updates:
            writer.say(create_update_message(update))
        await until(lambda: str(room.ydoc.get("source", type=pycrdt.Text)) == text)

        def stored() -> str:
            doc = pycrdt.Doc()
            for update in store.updates:
                doc.apply_update(update)
            return str(doc.get("source", type=pycrdt.Text))

        await until(lambda: stored() == text)
        assert len(store.updates) < len(updates)


async def test_a_broken_connection_costs_the_others_nothing(caplog):
    writer, broken, reader = Client(), Client(broken=True), Client()
    updates, _ = typing(20)
    said = [create_update_message(update) for update in updates]
    async with room_with(writer, broken, reader):
        for message in said:
            writer.say(message)
        await until(lambda: len(reader.heard) >= len(said))
        assert (reader.heard, broken.heard) == (said, [])
    assert "nothing could be sent" in caplog.text


async def test_nobody_has_to_wait_for_the_end_of_a_rest(monkeypatch):
    monkeypatch.setattr("rtcd.extension.relay.REST_DUTY", 1e9)
    monkeypatch.setattr("rtcd.extension.relay.MAX_REST_SECONDS", 3600.0)
    writer, reader = Client(), Client()
    first, second = (create_update_message(update) for update in typing(2)[0])
    async with room_with(writer, reader) as room:
        writer.say(first)
        await until(lambda: reader.heard == [first])
        writer.say(second)
        await until(lambda: "1 " in str(room.ydoc.get("source", type=pycrdt.Text)))
        send_now(room)
        assert reader.heard == [first, second]


async def test_what_no_document_can_hold_is_not_passed_on():
    writer, reader = Client(), Client()
    [good] = (create_update_message(update) for update in typing(1)[0])
    async with room_with(writer, reader):
        writer.say(create_update_message(b"\xff\xff\xff"))
        writer.say(b"\x01\x05\xff")
        writer.say(good)
        await until(lambda: bool(reader.heard))
        assert reader.heard == [good]


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_are_those_of_the_standard(size):
    message = bytes(size)
    assert frame(message) == Frame(Opcode.BINARY, message).serialize(mask=False)
