"""A server on a daemon's own folder, with rtcd's extension: one writer per file.

While the daemon lives the extension neither polls nor writes; a save asks the daemon to flush.
While it is dead the extension saves, but only over the very bytes that it knows; else it leaves a
recovery copy with a note.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtcd.disk import limbo_journal
from rtcd.project_path import ProjectPath
from rtcd.sync.recovered import SERVER, RecoveredCopy
from simulation.contents import format_content, meaning_of_bytes
from simulation.room import Room
from simulation.server import Server
from simulation.server_disk import ServerFile

if TYPE_CHECKING:
    from simulation.machine import Machine


ASK_AGAIN_SECONDS = 1.0


@dataclass(eq=False)
class _Known:
    """The bytes that a room knows: by its load, by a mark, by what the daemon wrote last."""

    digest: str
    mark: str | None
    write: str = ""
    written: frozenset[str] = frozenset()
    number: int = 0

    def know(self, digest: str) -> None:
        """The room and these bytes are the same."""
        self.digest, self.written = digest, frozenset()
        self.number += 1


class HostFiles:
    """The project folder as the server sees it."""

    def __init__(self, machine: Machine, server: Server) -> None:
        self.machine = machine
        self._server = server
        self._known: dict[str, _Known] = {}
        self._copies: dict[tuple[str, int], RecoveredCopy] = {}

    def read(self, path: str) -> ServerFile | None:
        inode = self.machine.folder.names.get(path)
        if inode is None or inode.is_folder:
            return None
        return ServerFile(inode.data, inode.mtime_ns / 1e9)

    def write(self, path: str, data: bytes) -> None:
        files, folder = self.machine.files, self.machine.folder
        inode = folder.names.get(path) or files.create(folder, path)
        inode.writers += 1
        files.write(inode, data)
        inode.writers -= 1
        files.tell_file(inode, 0x8)
        files.sync(inode)

    def delete(self, path: str) -> None:
        if path in self.machine.folder.names:
            self.machine.files.unlink(self.machine.folder, path)

    def rename(self, old: str, new: str) -> None:
        folder = self.machine.folder
        self.machine.files.rename(folder, old, folder, new)

    def paths(self) -> list[str]:
        names = self.machine.folder.names
        return sorted(n for n, inode in names.items() if not inode.is_folder and n[0] != ".")

    # ------------------------------------------------------------------ the extension's rules

    def loaded(self, room: Room, file: ServerFile) -> None:
        """A room was made from these bytes."""
        known = _Known(hashlib.sha256(file.data).hexdigest(), room.saved_hash())
        known.write = self._last_write(str(room.path))[0]
        self._known[room.room_id] = known

    def save(self, room: Room, path: str, file: ServerFile) -> None:
        """The room wants to be saved."""
        try:
            is_same = meaning_of_bytes(path, file.data) == room.meaning(path)
        except (ValueError, KeyError):
            is_same = False
        if self._is_left_to_daemon(path):
            if not is_same:
                # Asked again and again, until it is done or the daemon is dead.
                self._server.later(ASK_AGAIN_SECONDS, room.save)
            return
        known = self._known[room.room_id]
        self._learn(known, room, path)
        digest = hashlib.sha256(file.data).hexdigest()
        if is_same:
            known.know(digest)
        elif digest in (known.digest, *known.written):
            room.write(path)
            written = self.read(path)
            assert written is not None
            known.know(hashlib.sha256(written.data).hexdigest())
        else:
            data = format_content(path, room.content())
            copy = RecoveredCopy(path=ProjectPath(path), base=known.digest, data=data, by=SERVER)
            self._copies[room.room_id, known.number] = copy

    def _is_left_to_daemon(self, path: str) -> bool:
        machine = self.machine
        if not machine.is_running:
            return False
        parts = machine.parts
        if parts is None or not parts.is_ready:
            return True
        binding = parts.project.bindings.get(ProjectPath(path))
        return binding is not None and binding.room is not None

    def _learn(self, known: _Known, room: Room, path: str) -> None:
        mark = room.saved_hash()
        if mark is not None and mark != known.mark:
            known.mark = known.digest = mark
        name, digests = self._last_write(path)
        if name != known.write:
            known.write, known.written = name, digests

    def _last_write(self, path: str) -> tuple[str, frozenset[str]]:
        """As ``rtcd.extension.last_write``."""
        journal = self.machine.files.find(f"project/.rtcd/limbo/{limbo_journal.NAME}")
        last = ("", frozenset[str]())
        for name, entry in limbo_journal.parse(b"" if journal is None else journal.data):
            if entry.path.value == path:
                last = (name, entry.known)
        return last

    def take_copies(self) -> list[RecoveredCopy]:
        """What ``find_recovered`` finds; each goes when it has been merged."""
        found = list(self._copies.values())
        self._copies.clear()
        return found
