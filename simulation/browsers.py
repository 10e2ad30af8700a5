"""People in JupyterLab: a document that follows its room, and typing straight into it."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pycrdt
from pycrdt import Decoder, Encoder
from websockets.exceptions import ConnectionClosed

from rtcd.errors import RtcdError
from simulation.documents import NotebookTypist, TextTypist
from simulation.loop import Process, VirtualLoop
from simulation.messages import sync_message, var_bytes
from simulation.network import Place, Wire, connect
from simulation.server import Server

RECONNECT_SECONDS = 1.5
RENEW_SECONDS = 15.0


class Browser:
    """One tab with one document open.

    After a lost connection the page is loaded anew; ``keeps_document`` is a browser that goes on
    with what it has, as y-websocket does (then the server must still have its history).
    """

    def __init__(
        self,
        loop: VirtualLoop,
        rng: random.Random,
        server: Server,
        path: str,
        typist: TextTypist,
        name: str,
    ) -> None:
        self.rng = rng
        self.server = server
        self.path = path
        self.typist = typist
        self.name = name
        self.place = Place(loop, rng)
        self.process = Process(name)
        self.client_id = rng.getrandbits(31) | 1
        self.clock = 0
        self.doc: pycrdt.Doc[Any] | None = None
        self.is_live = False
        self.is_open = True
        self._wire: Wire | None = None

    def start(self) -> None:
        """Open the tab."""
        self.process.start(self._stay())

    def reload(self) -> None:
        """The person presses F5."""
        if self._wire is not None:
            self._wire.cut()
            self._wire.end(1006, "")

    async def _stay(self) -> None:
        while self.is_open:
            try:
                await self._visit()
            except (RtcdError, ConnectionClosed):
                pass
            finally:
                self._forget()
            await asyncio.sleep(RECONNECT_SECONDS * (0.5 + self.rng.random()))

    def _forget(self) -> None:
        """What was typed and did not arrive is gone with the page."""
        self.is_live = False
        if self.doc is not None:
            mine = self.typist.ledger.typed & set(_tokens(self.text()))
            self.typist.ledger.gone(mine - self.typist.ledger.obligated)
        self.doc = None

    async def _visit(self) -> None:
        await asyncio.sleep(self.place.delay())
        if self.server.disk.read(self.path) is None:
            return
        file_id = self.server.id_of(self.path)
        kind = "json:notebook" if self.path.endswith(".ipynb") else "text:file"
        wire = await connect(
            self.place,
            self.server,
            f"api/collaboration/room/{kind}:{file_id}",
            sessionId=self.server.session_id,
        )
        self._wire = wire
        self.doc = pycrdt.Doc(client_id=self.rng.getrandbits(32) | 1)
        try:
            await wire.send(sync_message(0, self.doc.get_state()))
            await self._introduce(wire)
            renew = asyncio.get_running_loop().time() + RENEW_SECONDS
            while True:
                self._take(await wire.recv())
                if asyncio.get_running_loop().time() > renew:
                    await self._introduce(wire)
                    renew += RENEW_SECONDS
        finally:
            await wire.close()

    async def _introduce(self, wire: Wire) -> None:
        user = {"username": self.name, "name": self.name, "display_name": self.name}
        self.clock += 1
        inner = Encoder()
        for number in (1, self.client_id, self.clock):
            inner.write_var_uint(number)
        inner.write_var_string(json.dumps({"user": user, "autosave": True}))
        await wire.send(b"\x01" + var_bytes(inner.to_bytes()))

    def _take(self, message: bytes | str) -> None:
        assert isinstance(message, bytes)
        if message[0] != 0 or message[1] == 0 or self.doc is None:
            return
        update = Decoder(message[2:]).read_message() or b""
        self.doc.apply_update(update)
        if message[1] == 1:
            self.is_live = True

    # ------------------------------------------------------------------ what a person does

    def is_in_room_of_file(self) -> bool:
        """False in the room of a file that was deleted: a stock server leaves people in it."""
        room = self.server.room_of(self.path)
        far = None if self._wire is None else self._wire.far
        is_there = self.server.disk.read(self.path) is not None
        return self.is_live and is_there and room is not None and getattr(far, "room", None) is room

    def text(self) -> str:
        """All that the person sees."""
        if self.doc is None:
            return ""
        if self.path.endswith(".ipynb"):
            cells = self.doc.get("cells", type=pycrdt.Array)
            return "\n\n".join(str(cell["source"]) for cell in cells if "source" in cell)
        return str(self.doc.get("source", type=pycrdt.Text))

    async def type(self) -> None:
        """One small edit."""
        wire, doc = self._wire, self.doc
        if not self.is_live or wire is None or doc is None:
            return
        before, state = self.text(), doc.get_state()
        with doc.transaction():
            if self.path.endswith(".ipynb"):
                self._edit_notebook(doc)
            else:
                self._edit_text(doc.get("source", type=pycrdt.Text))
        self.typist.ledger.edited(before.encode(), self.text().encode())
        try:
            await wire.send(sync_message(2, doc.get_update(state)))
        except ConnectionClosed:
            return

    def _edit_notebook(self, doc: pycrdt.Doc[Any]) -> None:
        cells = doc.get("cells", type=pycrdt.Array)
        assert isinstance(self.typist, NotebookTypist)
        if len(cells) == 0 or self.rng.random() < 0.15:
            made = self.typist.new_cell()
            cells.insert(
                self.rng.randint(0, len(cells)),
                pycrdt.Map(
                    {
                        **made,
                        "source": pycrdt.Text(made["source"]),
                        "metadata": pycrdt.Map({}),
                        **(
                            {"outputs": pycrdt.Array([]), "execution_count": None}
                            if made["cell_type"] == "code"
                            else {}
                        ),
                    }
                ),
            )
            return
        cell = cells[self.rng.randrange(len(cells))]
        self._edit_text(cell["source"])

    def _edit_text(self, text: pycrdt.Text) -> None:
        """Insert a line or a word, or take a line out; places are UTF-8 bytes."""
        lines = str(text).splitlines(keepends=True)
        place = self.rng.randint(0, len(lines))
        at = len("".join(lines[:place]).encode())
        what = self.rng.random()
        if what < 0.8 or place == len(lines):
            added = (self.typist.line() or b"").decode() or self.typist.ledger.new() + "\n"
            if place and not lines[place - 1].endswith("\n"):
                added = "\n" + added
            text.insert(at, added)
        else:
            del text[at : at + len(lines[place].encode())]


def _tokens(text: str) -> list[bytes]:
    from simulation.documents import tokens

    return tokens(text.encode())
