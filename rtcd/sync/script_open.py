"""The state of one paired text, beside the state of the notebook that it is a face of.

What there is once for both (room, worker, flushes, loss) is the notebook's; what each file has for
itself (bytes, saves, versions, hold) is its own. So the parts of a binding work on a text as they do
on any file.
"""

from __future__ import annotations

from typing import Any

from rtcd.history.history import History
from rtcd.merge.versions import Version
from rtcd.paired.pairing import Pairing
from rtcd.paired.replica import ScriptReplica
from rtcd.paired.script import ScriptFormat
from rtcd.project_path import ProjectPath
from rtcd.sync.generations import Generations
from rtcd.sync.open_file import Follower, OpenFile
from rtcd.sync.ports import Disk, Room
from rtcd.sync.script_file import ScriptFile


class _FollowingGenerations(Generations):
    """The content is the notebook's; how far this disk has followed it is our own."""

    def __init__(self, leading: Generations) -> None:
        self._leading = leading
        super().__init__()

    @property
    def content(self) -> int:
        return self._leading.content

    @content.setter
    def content(self, _value: int) -> None:
        """Only the notebook's own counter counts."""

    @property
    def server(self) -> int:
        return self._leading.server

    @server.setter
    def server(self, _value: int) -> None:
        """The server saves the notebook."""

    def changed(self) -> None:
        self._leading.changed()


def _owners(name: str) -> Any:  # noqa: ANN401 - a property of any type
    """An attribute that is the notebook's."""

    def read(self: ScriptOpen) -> Any:  # noqa: ANN401
        return getattr(self.owner, name)

    def write(self: ScriptOpen, value: Any) -> None:  # noqa: ANN401
        if self.is_made:
            setattr(self.owner, name, value)

    return property(read, write)


class ScriptOpen(OpenFile):
    """What the parts that work on a paired text share.

    ``is_absent``: the text was deleted, and is not written again. ``is_met``: it was compared with the
    notebook in the room that is open; until then it may hold something that nobody has.
    """

    is_made = False
    authors = _owners("authors")
    closing = _owners("closing")
    error = _owners("error")
    flushers = _owners("flushers")
    last_content_change = _owners("last_content_change")
    lost = _owners("lost")
    room = _owners("room")
    state = _owners("state")
    wake = _owners("wake")

    def __init__(
        self,
        owner: OpenFile,
        path: ProjectPath,
        fmt: ScriptFormat,
        history: History,
        disk: Disk,
    ) -> None:
        self.owner = owner
        super().__init__(
            path,
            "text",
            disk=disk,
            rooms=owner.rooms,
            history=history,
            clock=owner.clock,
            on_change=owner.on_change,
            user=owner.user,
            in_hand=owner.in_hand,
        )
        self.is_made = True
        self.format = fmt
        self.history = history
        self.file: ScriptFile = ScriptFile(path, disk)
        self.generations = _FollowingGenerations(owner.generations)
        self.is_absent = False
        self.is_met = False
        self.left_behind: list[tuple[Version, Pairing]] = []

    @property
    def view(self) -> ScriptReplica | None:
        """The replica, under its own type."""
        assert self.replica is None or isinstance(self.replica, ScriptReplica)
        return self.replica

    async def send(self, room: Room, update: bytes, *, made_by: Follower | None = None) -> None:
        """Hand an update of this text to the notebook's own view, the other texts, and the room."""
        del made_by
        self.owner.joined.receive(update)
        await self.owner.send(room, update, made_by=self)

    def hear(self, update: bytes) -> None:
        """An update from the room, or of the notebook's own file or another text."""
        if self.view is not None:
            self.view.receive(update)

    def unsent(self) -> bool:
        """True while something of ours is not known to be in the room."""
        is_to_be_met = not (self.is_met or self.is_absent or self.file.hold)
        return is_to_be_met or bool(self.saves) or self.owner.unsent()
