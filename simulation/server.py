"""A model of the Jupyter server with its collaboration extension, on real pycrdt and jupyter_ydoc.

After ``reference`` behaviour, measured: a room polls its file once a second and is *overwritten*
when the file is newer; it saves a second after the last edit, and not at all when the file has
another time than it knows; it is evicted a minute after the last client left; what is loaded
without a store is rebuilt under client id 0; what is loaded with one is the store's history with
the file's content set on top. A killed server loses what was not saved; its store may be kept or
lost, its files may be put back to an older state.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import pycrdt
from jupyter_ydoc import YNotebook, YUnicode
from pycrdt import Decoder, Encoder

from rtcd.server.entry import Entry
from simulation.loop import Process, VirtualLoop
from simulation.network import Wire

if TYPE_CHECKING:
    from simulation.host import HostFiles

POLL_SECONDS = 1.0
SAVE_SECONDS = 1.0
EVICT_SECONDS = 60.0
ROWS_A_STORE_LAGS = 3


@dataclass
class ServerFile:
    """A file on the server's disk; ``mtime`` in seconds."""

    data: bytes
    mtime: float


class ServerDisk(Protocol):
    """Where the server's files are."""

    def read(self, path: str) -> ServerFile | None: ...

    def write(self, path: str, data: bytes) -> None: ...

    def delete(self, path: str) -> None: ...

    def rename(self, old: str, new: str) -> None: ...

    def paths(self) -> list[str]: ...


class OwnDisk:
    """The server's own copy of the folder."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.files: dict[str, ServerFile] = {}

    def read(self, path: str) -> ServerFile | None:
        return self.files.get(path)

    def write(self, path: str, data: bytes) -> None:
        self.files[path] = ServerFile(data, round(self._clock(), 4))

    def delete(self, path: str) -> None:
        self.files.pop(path, None)

    def rename(self, old: str, new: str) -> None:
        self.files[new] = self.files.pop(old)

    def paths(self) -> list[str]:
        return sorted(self.files)


# ------------------------------------------------------------------ contents and documents


def kind_of(path: str) -> str:
    """``notebook`` or ``file``, as the server names them."""
    return "notebook" if path.endswith(".ipynb") else "file"


def parse_content(path: str, data: bytes) -> Any:  # noqa: ANN401
    """What the contents manager hands to a room; ValueError when it cannot be read."""
    if kind_of(path) == "file":
        return data.decode().replace("\r\n", "\n")
    value = json.loads(data)
    for cell in value["cells"]:
        for key in ("source",):
            if isinstance(cell.get(key), list):
                cell[key] = "".join(cell[key])
        cell["metadata"] = {**cell.get("metadata", {}), "trusted": False}
    return value


def format_content(path: str, content: Any) -> bytes:  # noqa: ANN401
    """The bytes that the contents manager writes."""
    if kind_of(path) == "file":
        return str(content).encode()
    cells = []
    for cell in content["cells"]:
        metadata = {key: value for key, value in cell["metadata"].items() if key != "trusted"}
        kept = {key: value for key, value in cell.items() if key != "execution_state"}
        source = cell["source"].splitlines(keepends=True)
        cells.append({**kept, "metadata": metadata, "source": source})
    whole = {**content, "cells": cells}
    return (json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@lru_cache(maxsize=256)
def meaning_of_bytes(path: str, data: bytes) -> Any:  # noqa: ANN401
    """The same for a file's bytes; ValueError or KeyError when they cannot be read."""
    return meaning(path, parse_content(path, data))


def meaning(path: str, content: Any) -> Any:  # noqa: ANN401
    """A content for comparisons: without what exists in rooms only."""
    return json.loads(format_content(path, content)) if kind_of(path) == "notebook" else content


def new_document(path: str, doc: pycrdt.Doc[Any]) -> YUnicode | YNotebook:
    """The document model of a file."""
    return YNotebook(doc) if kind_of(path) == "notebook" else YUnicode(doc)


# ------------------------------------------------------------------ wire


def sync_message(kind: int, payload: bytes) -> bytes:
    """A message of type SYNC."""
    encoder = Encoder()
    encoder.write_var_uint(0)
    encoder.write_var_uint(kind)
    return encoder.to_bytes() + var_bytes(payload)


def var_bytes(payload: bytes) -> bytes:
    """Bytes with their count in front."""
    length, head = len(payload), bytearray()
    while length > 127:
        head.append(128 | length & 127)
        length >>= 7
    return bytes((*head, length)) + payload


def raw_message(value: object) -> bytes:
    """A message of type RAW."""
    encoder = Encoder()
    encoder.write_var_uint(2)
    encoder.write_var_string(json.dumps(value))
    return encoder.to_bytes()


def awareness_states(message: bytes) -> dict[int, Any]:
    """Client ids and states of an awareness message."""
    outer = Decoder(message)
    outer.read_var_uint()
    inner = Decoder(outer.read_message() or b"")
    states: dict[int, Any] = {}
    for _ in range(inner.read_var_uint()):
        client = inner.read_var_uint()
        inner.read_var_uint()
        states[client] = json.loads(inner.read_var_string())
    return states


# ------------------------------------------------------------------ rooms


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


# ------------------------------------------------------------------ the server


@dataclass(eq=False)
class _Events:
    """A subscriber of the event stream."""

    server: Server

    def receive(self, wire: Wire, message: bytes | str) -> None:
        pass

    def left(self, wire: Wire) -> None:
        if wire in self.server.subscribers:
            self.server.subscribers.remove(wire)


@dataclass(eq=False)
class _RoomEnd:
    """A client of a room."""

    room: Room

    def receive(self, wire: Wire, message: bytes | str) -> None:
        self.room.receive(wire, message)

    def left(self, wire: Wire) -> None:
        self.room.left(wire)


class Server:
    """One server, with everything that survives its death and everything that does not."""

    def __init__(
        self, loop: VirtualLoop, rng: random.Random, clock: Callable[[], float], disk: ServerDisk
    ) -> None:
        self.loop = loop
        self.rng = rng
        self.clock = clock
        self.disk = disk
        self.host: HostFiles | None = None
        self.polls = True
        self.is_up = False
        self.wires: list[Wire] = []
        self.rooms: dict[str, Room] = {}
        self.store: dict[str, list[bytes]] = {}
        self.subscribers: list[Wire] = []
        self.session_id = ""
        self._ids: dict[str, str] = {}
        self._process = Process("server")
        self.trouble = 0.0

    # ------------------------------------------------------------------ life

    def start(self) -> None:
        """Begin with what is on disk and in the store."""
        self._process = Process("server")
        self.session_id = f"session-{self.rng.getrandbits(32):08x}"
        self.is_up = True

    def kill(self, *, store: str = "kept") -> None:
        """SIGKILL; ``store`` is ``kept`` (without its newest rows) or ``lost``."""
        self.is_up = False
        self._process.kill()
        for room in self.rooms.values():
            room.close()
        self.rooms.clear()
        for wire in list(self.wires):
            wire.far = None
            wire.end(1006, "")
        self.wires.clear()
        self.subscribers.clear()
        if store == "lost":
            self.store.clear()
        else:
            for rows in self.store.values():
                lag = self.rng.randint(0, ROWS_A_STORE_LAGS)
                del rows[max(1, len(rows) - lag) :]

    def inside(self, call: Callable[..., None], *args: Any) -> None:  # noqa: ANN401
        """Do something as the server."""
        if self.is_up:
            self._process.context.copy().run(call, *args)

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """A timer of the server."""
        jitter = seconds * 0.02 * self.rng.random()
        context = self._process.context.copy()
        return self.loop.call_later(seconds + jitter, call, context=context)

    def keep(self, room_id: str, updates: list[bytes]) -> None:
        """Rows of the update store."""
        self.store.setdefault(room_id, []).extend(updates)

    # ------------------------------------------------------------------ WebSockets

    def accept(self, wire: Wire, name: str, query: dict[str, str]) -> None:
        """A new connection."""
        if name == "subscribe":
            wire.far = _Events(self)
            self.subscribers.append(wire)
            return
        room = self.rooms.get(name)
        if name.count(":") >= 2:
            if query.get("sessionId") != self.session_id:
                reason = json.dumps({"reason": "unknown_session", "reloadable": True})
                wire.end(1003, reason)
                wire.forget()
                return
            room = room or self._load_room(wire, name)
            if room is None:
                return
        elif room is None:
            room = self.rooms[name] = Room(self, name, None)
        wire.far = _RoomEnd(room)
        room.enter(wire)
        self.tell_awareness("join", name)

    def _load_room(self, wire: Wire, name: str) -> Room | None:
        path = self.path_of(name.rpartition(":")[2])
        file = None if path is None else self.disk.read(path)
        if path is None or file is None:
            wire.end(4404, f"Error initializing: {path}.")
            wire.forget()
            return None
        room = Room(self, name, path)
        try:
            room.load(file, path)
        except (ValueError, KeyError):
            room.close()
            wire.end(4400, f"Error initializing: {path}.")
            wire.forget()
            return None
        self.rooms[name] = room
        return room

    def room_of(self, path: str) -> Room | None:
        """The live room of a file."""
        file_id = self._ids.get(path)
        return next(
            (room for room in self.rooms.values() if file_id and room.file_id == file_id), None
        )

    # ------------------------------------------------------------------ files

    def id_of(self, path: str) -> str:
        """The file id of a path, made when it has none."""
        if path not in self._ids:
            self._ids[path] = f"file-{len(self._ids)}-{self.rng.getrandbits(24):06x}"
        return self._ids[path]

    def path_of(self, file_id: str) -> str | None:
        """Where a file id is now."""
        return next((path for path, known in self._ids.items() if known == file_id), None)

    def entry(self, path: str, *, with_hash: bool = True) -> Entry | None:
        """What the contents API says of a file."""
        file = self.disk.read(path)
        if file is None:
            return None
        digest = hashlib.sha256(file.data).hexdigest() if with_hash else None
        kind = "notebook" if kind_of(path) == "notebook" else "file"
        return Entry(path, kind, len(file.data), file.mtime, digest)  # type: ignore[arg-type]

    def create(self, path: str, data: bytes) -> None:
        """PUT a new file."""
        self.disk.write(path, data)
        self.tell_contents("save", path)

    def delete(self, path: str) -> None:
        """DELETE: rooms live on as ghosts, the id is gone."""
        self.disk.delete(path)
        self._ids.pop(path, None)
        self.tell_contents("delete", path)

    def rename(self, old: str, new: str) -> None:
        """PATCH: id and rooms follow."""
        self.disk.rename(old, new)
        if old in self._ids:
            self._ids[new] = self._ids.pop(old)
        self.tell_contents("rename", new, old)

    def moved(self, old: str, new: str) -> None:
        """Rtcd's extension hears that a file has another name on disk."""
        if old in self._ids:
            self._ids[new] = self._ids.pop(old)

    # ------------------------------------------------------------------ events

    def tell_contents(self, action: str, path: str, source: str | None = None) -> None:
        """An event of the contents service."""
        self._tell(
            {
                "schema_id": "https://events.jupyter.org/jupyter_server/contents_service/v1",
                "action": action,
                "path": path,
                "source_path": source,
            }
        )

    def tell_awareness(self, action: str, room_id: str) -> None:
        """Somebody came into a room, or went."""
        self._tell(
            {
                "schema_id": "https://schema.jupyter.org/jupyter_collaboration/awareness/v1",
                "action": action,
                "roomid": room_id,
                "username": "somebody",
            }
        )

    def _tell(self, event: dict[str, Any]) -> None:
        message = json.dumps(event)
        for wire in list(self.subscribers):
            wire.deliver(message)


__all__ = ["OwnDisk", "Room", "Server", "ServerDisk", "ServerFile", "field"]
