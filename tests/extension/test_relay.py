"""What is said in a room reaches everybody there, in order, and the store."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager

import anyio
import pycrdt
import pytest
from pycrdt import (
    Awareness,
    YMessageType,
    create_awareness_message,
    create_update_message,
    read_message,
)
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


class Somebody:
    """A client's presence, and the messages that tell of it."""

    def __init__(self, name: str) -> None:
        self.awareness = Awareness(pycrdt.Doc())
        self.name = name

    def says(self, what: int | None) -> bytes:
        state = None if what is None else {"user": {"name": self.name}, "cursor": what}
        self.awareness.set_local_state(state)
        ids = [self.awareness.client_id]
        return create_awareness_message(self.awareness.encode_awareness_update(ids))


def updates_in(heard: list[bytes]) -> list[bytes]:
    return [message for message in heard if message[0] == YMessageType.SYNC]


def people_in(heard: list[bytes]) -> dict[int, dict]:
    """Who is there, as somebody knows who has heard these."""
    known = Awareness(pycrdt.Doc())
    for message in heard:
        if message[0] == YMessageType.AWARENESS:
            known.apply_awareness_update(read_message(message[1:]), "heard")
    return {client: state for client, state in known.states.items() if state}


async def test_everybody_hears_every_update_in_the_order_in_which_the_room_took_it():
    writer, reader = Client(), Client()
    said = [create_update_message(update) for update in typing(200)[0]]
    async with room_with(writer, reader):
        for number, message in enumerate(said):
            writer.say(message)
            writer.say(Somebody("Ada").says(number))
        await until(lambda: len(updates_in(reader.heard)) >= len(said))
        assert updates_in(reader.heard) == said
        assert updates_in(writer.heard) == said


async def test_everybody_hears_the_last_word_of_each_and_who_left():
    writer, reader = Client(), Client()
    people = [Somebody(name) for name in ("Ada", "Grace", "Alan", "Edsger")]
    async with room_with(writer, reader):
        for number in range(50):
            for person in people:
                writer.say(person.says(number))
        writer.say(people[2].says(None))
        there = {
            person.awareness.client_id: {"user": {"name": person.name}, "cursor": 49}
            for person in people
            if person.name != "Alan"
        }
        await until(lambda: people_in(reader.heard) == there)
        await until(lambda: people_in(writer.heard) == there)


async def test_whose_own_word_comes_back_has_heard_what_was_said_before():
    writer, reader, ada, grace = Client(), Client(), Somebody("Ada"), Somebody("Grace")
    said = [create_update_message(update) for update in typing(20)[0]]
    async with room_with(writer, reader):
        for message in said:
            writer.say(grace.says(len(message)))
            writer.say(message)
        writer.say(ada.says(1))
        await until(lambda: ada.awareness.client_id in people_in(reader.heard))
        place = next(
            number
            for number in range(len(reader.heard) + 1)
            if ada.awareness.client_id in people_in(reader.heard[:number])
        )
        assert updates_in(reader.heard[:place]) == said
        assert grace.awareness.client_id in people_in(reader.heard[:place])


async def test_the_word_of_one_comes_as_it_was():
    writer, reader = Client(), Client()
    said = Somebody("Ada").says(7)
    async with room_with(writer, reader):
        writer.say(said)
        await until(lambda: bool(reader.heard))
        assert reader.heard == [said]


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
