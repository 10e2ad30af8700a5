"""A model of the Jupyter server with its collaboration extension.

Rooms are in ``room.py``. A killed server loses what was not saved; its store may be kept or lost,
its files may be put back to an older state.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rtcd.server.entry import Entry
from simulation.contents import kind_of
from simulation.loop import Process, VirtualLoop
from simulation.network import Wire
from simulation.room import Room
from simulation.server_disk import ServerDisk

if TYPE_CHECKING:
    from simulation.host import HostFiles

ROWS_A_STORE_LAGS = 3


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
        self.unloaded: set[str] = set()
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
        if path in self.unloaded:
            # The real one lets the connection wait; this one lets it come again.
            wire.end(1012, "")
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
