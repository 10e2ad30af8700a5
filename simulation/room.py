"""A room of the simulated server, on real pycrdt and jupyter_ydoc.

After ``reference`` behaviour, measured: a room polls its file once a second and is *overwritten*
when the file is newer; it saves a second after the last edit, and not at all when the file has
another time than it knows; it is evicted a minute after the last client left; what is loaded
without a store is rebuilt under client id 0; what is loaded with one is the store's history with
the file's content set on top.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import pycrdt
from jupyter_ydoc import YNotebook
from pycrdt import Decoder

from simulation.contents import format_content, meaning, new_document, parse_content
from simulation.messages import awareness_states, raw_message, sync_message
from simulation.network import Wire
from simulation.server_disk import ServerFile

if TYPE_CHECKING:
    from simulation.server import Server

POLL_SECONDS = 1.0
SAVE_SECONDS = 1.0
EVICT_SECONDS = 60.0


class Room:
    """One document, or none for the transient rooms (``path`` None)."""

    def __init__(self, server: Server, room_id: str, path: str | None) -> None:
        self.server = server
        self.room_id = room_id
        self.clients: list[Wire] = []
        self.changes = 0
        self._meaning: tuple[int, Any] | None = None
        self.states: dict[int, Any] = {}
        self.state_of: dict[Wire, set[int]] = {}
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=server.rng.getrandbits(32) | 1)
        self.file_id = room_id.rpartition(":")[2]
        self.last_modified = 0.0
        self._document = None if path is None else new_document(path, self.doc)
        self._saver: asyncio.TimerHandle | None = None
        self._poller: asyncio.TimerHandle | None = None
        self._evictor: asyncio.TimerHandle | None = None
        self._is_setting = False
        self._is_loading = False
        self._observer = self.doc.observe(self._changed)

    @property
    def path(self) -> str | None:
        """The file's name now."""
        return self.server.path_of(self.file_id)

    def content(self) -> Any:  # noqa: ANN401
        """What the room holds."""
        assert self._document is not None
        if isinstance(self._document, YNotebook):
            return self._document.get(deduplicate=False)
        return self._document.get()

    def meaning(self, path: str) -> Any:  # noqa: ANN401
        """The room's content for comparisons."""
        if self._meaning is None or self._meaning[0] != self.changes:
            self._meaning = (self.changes, meaning(path, self.content()))
        return self._meaning[1]

    def load(self, file: ServerFile, path: str) -> None:
        """From the store and the file, as ``DocumentRoom.initialize`` does."""
        assert self._document is not None
        content = parse_content(path, file.data)
        stored = self.server.store.get(self.room_id)
        self._is_loading = True
        if stored:
            for update in stored:
                self.doc.apply_update(update)
            if meaning(path, self.content()) != meaning(path, content):
                self._document.set(content)
        else:
            source: pycrdt.Doc[Any] = pycrdt.Doc(client_id=0)
            new_document(path, source).set(content)
            self.doc.apply_update(source.get_update())
        self._is_loading = False
        self.server.keep(self.room_id, [self.doc.get_update()])
        self.last_modified = file.mtime
        self._document.path = path
        if self.server.host is not None:
            self.server.host.loaded(self, file)
        if self.server.polls:
            self._poller = self.server.later(POLL_SECONDS, self._poll)

    def saved_hash(self) -> str | None:
        """``state.hash``: the digest of the bytes that somebody says are saved."""
        return None if self._document is None else self._document.hash

    def close(self) -> None:
        """Out of memory, without a save."""
        for timer in (self._saver, self._poller, self._evictor):
            if timer is not None:
                timer.cancel()
        self.doc.unobserve(self._observer)
        self._document = None

    # ------------------------------------------------------------------ clients

    def enter(self, wire: Wire) -> None:
        """Somebody came: ask what they have."""
        if self._evictor is not None:
            self._evictor.cancel()
            self._evictor = None
        self.clients.append(wire)
        wire.deliver(sync_message(0, self.doc.get_state()))

    def left(self, wire: Wire) -> None:
        """Somebody went."""
        if wire in self.clients:
            self.clients.remove(wire)
        for client in self.state_of.pop(wire, ()):
            self.states.pop(client, None)
        if self._document is not None:
            self.server.tell_awareness("leave", self.room_id)
            if not self.clients:
                self._evictor = self.server.later(EVICT_SECONDS, self._evict)

    def _evict(self) -> None:
        if not self.clients:
            self.server.rooms.pop(self.room_id, None)
            self.close()

    def receive(self, wire: Wire, message: bytes | str) -> None:
        """One message of a client."""
        assert isinstance(message, bytes)
        kind = message[0]
        if kind == 0:
            self._sync(wire, message)
        elif kind == 1:
            for client, state in awareness_states(message).items():
                if state is None:
                    self.states.pop(client, None)
                else:
                    self.states[client] = state
                    self.state_of.setdefault(wire, set()).add(client)
            for client_wire in list(self.clients):
                client_wire.deliver(message)
        elif kind == 2:
            self._raw(wire, message)

    def _sync(self, wire: Wire, message: bytes) -> None:
        payload = Decoder(message[2:]).read_message() or b""
        if message[1] == 0:
            wire.deliver(sync_message(1, self.doc.get_update(payload)))
            return
        if payload == b"\x00\x00":
            return
        try:
            self.doc.apply_update(payload)
        except RuntimeError:
            wire.deliver(raw_message({"type": "conflict"}))

    def _raw(self, wire: Wire, message: bytes) -> None:
        decoder = Decoder(message)
        decoder.read_var_uint()
        if decoder.read_var_string() != "save":
            return
        number = decoder.read_var_uint()
        self.save()
        wire.deliver(raw_message({"type": "save", "responseTo": number, "status": "success"}))

    def _changed(self, event: pycrdt.TransactionEvent) -> None:
        self.changes += 1
        message = sync_message(2, event.update)
        for wire in list(self.clients):
            wire.deliver(message)
        if self._document is None or self._is_loading:
            return
        # The store gets every transaction, those too that start no save.
        self.server.keep(self.room_id, [event.update])
        if self._is_setting:
            return
        asked = [state.get("autosave", True) for state in self.states.values() if state]
        if any(asked or [True]):
            if self._saver is not None:
                self._saver.cancel()
            self._saver = self.server.later(SAVE_SECONDS, self.save)

    # ------------------------------------------------------------------ the file

    def save(self) -> None:
        """As ``_maybe_save_document``: refuses, and is overwritten, when the file has changed."""
        path = self.path
        file = None if path is None else self.server.disk.read(path)
        if path is None or file is None or self._document is None:
            return
        if self.server.host is not None:
            self.server.host.save(self, path, file)
            return
        if file.mtime != self.last_modified:
            self.last_modified = file.mtime
            self._overwrite(path, file)
            return
        self.write(path)

    def write(self, path: str) -> None:
        """Put the room on the server's disk and say so in the document."""
        data = format_content(path, self.content())
        self.server.disk.write(path, data)
        written = self.server.disk.read(path)
        assert written is not None
        self.last_modified = written.mtime
        self.mark_saved(data)
        self.server.tell_contents("save", path)

    def mark_saved(self, data: bytes) -> None:
        """``state.dirty`` and ``state.hash``: two more updates, that start no save."""
        assert self._document is not None
        self._is_setting = True
        self._document.dirty = False
        self._document.hash = hashlib.sha256(data).hexdigest()
        self._is_setting = False

    def _poll(self) -> None:
        path = self.path
        file = None if path is None else self.server.disk.read(path)
        if path is not None and file is not None:
            is_newer = file.mtime > self.last_modified
            self.last_modified = file.mtime
            if is_newer:
                self._overwrite(path, file)
        self._poller = self.server.later(POLL_SECONDS, self._poll)

    def _overwrite(self, path: str, file: ServerFile) -> None:
        assert self._document is not None
        try:
            content = parse_content(path, file.data)
        except ValueError:
            return
        # The update lock is held: what is set here starts no save, but goes into the store.
        self._is_setting = True
        if meaning(path, self.content()) != meaning(path, content):
            self._document.set(content)
        self._document.dirty = False
        self._is_setting = False
