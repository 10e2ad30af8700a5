"""What everybody sees of a file: disks, the server, its room, browsers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from simulation.oracle import cells_of, meaning_of
from simulation.room import Room

if TYPE_CHECKING:
    from simulation.world import World


class Views:
    """All views of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._room_meanings: dict[Room, tuple[int, object]] = {}

    def of(self, name: str) -> dict[str, object]:
        """What each has, by name; without those who say that they leave the file alone."""
        views: dict[str, object] = {}
        for machine in self._world.machines:
            if machine.holds(name):
                continue
            inode = machine.folder.names.get(name)
            views[machine.name] = meaning_of(name, None if inode is None else inode.data)
        server = self._world.server
        file, room = server.disk.read(name), server.room_of(name)
        views["server"] = meaning_of(name, None if file is None else file.data)
        if room is not None and file is not None:
            views["room"] = self._meaning_of_room(room)
        for browser in self._world.browsers:
            is_text = not name.endswith(".ipynb")
            if browser.path == name and is_text and browser.is_in_room_of_file():
                views[browser.name] = browser.text().encode()
        return views

    def of_server(self, name: str) -> object:
        """What the room has, or the server's file where there is none."""
        server = self._world.server
        file, room = server.disk.read(name), server.room_of(name)
        if room is not None and file is not None:
            return self._meaning_of_room(room)
        return meaning_of(name, None if file is None else file.data)

    def _meaning_of_room(self, room: Room) -> object:
        known = self._room_meanings.get(room)
        if known is None or known[0] != room.changes:
            content = room.content()
            is_text = isinstance(content, str)
            meaning = content.encode() if is_text else cells_of(content["cells"])
            known = self._room_meanings[room] = (room.changes, meaning)
        return known[1]

    def differences(self) -> list[str]:
        """A line for each file that is not the same everywhere."""
        found = []
        for name in self._world.names:
            views = self.of(name)
            if len({repr(view) for view in views.values()}) > 1:
                shown = {who: _shown(view) for who, view in views.items()}
                found.append(f"{name}: {shown}")
        return found


def _shown(view: object) -> str:
    text = repr(view)
    return f"{len(text)}:{hashlib.sha256(text.encode()).hexdigest()[:8]}"
