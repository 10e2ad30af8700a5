"""The paired texts of one open notebook, worked on in turn with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rtcd.content import NotebookContent
from rtcd.history.history import History
from rtcd.paired.script import ScriptFormat
from rtcd.paired.stale_outputs import StaleOutputs
from rtcd.project_path import ProjectPath
from rtcd.sync.open_file import OpenFile
from rtcd.sync.ports import Disk, Room
from rtcd.sync.remembering import Remembering
from rtcd.sync.script_open import ScriptOpen
from rtcd.sync.script_work import ScriptWork

JUPYTEXT = "jupytext"


class Scripts:
    """All paired texts of a notebook; most have none.

    ``on_settings`` is called when the notebook's own pairing settings are others than before.
    """

    def __init__(self, open_file: OpenFile, remembering: Remembering) -> None:
        self._open = open_file
        self._remembering = remembering
        self._works: list[ScriptWork] = []
        self._settings: object = None
        self._seen: object = None
        self._outputs: StaleOutputs | None = None
        self._followed: object = None
        self.on_settings: Callable[[Mapping[str, Any]], None] = lambda metadata: None

    def __iter__(self) -> Iterator[ScriptWork]:
        return iter(list(self._works))

    def add(self, path: ProjectPath, fmt: ScriptFormat, history: History, disk: Disk) -> ScriptWork:
        """One more face of the notebook, from now on."""
        work = ScriptWork(ScriptOpen(self._open, path, fmt, history, disk), self._remembering)
        self._works.append(work)
        self._open.followers.append(work.open)
        self._open.stir()
        return work

    def remove(self, path: ProjectPath) -> None:
        """The text is no face of the notebook any more."""
        for work in self:
            if work.open.path == path:
                self._works.remove(work)
                self._open.followers.remove(work.open)

    async def take(self, room: Room) -> None:
        """Merge what was saved in the texts."""
        for work in self:
            await work.take(room)

    async def write_out(self, room: Room) -> None:
        """Write the texts that lag behind."""
        for work in self:
            await work.write_out(room)
        self._look_at_settings()
        if self._works:
            self._follow_outputs()

    def remember(self, *, now: bool = False) -> None:
        """Keep what texts and notebook have in common."""
        for work in self:
            work.remember(now=now)

    def seconds_to_next(self, now: float) -> float | None:
        """How long until a text is to be written by itself; None when there is nothing."""
        times = [work.writing.seconds_to_next(now) for work in self]
        return min((time for time in times if time is not None), default=None)

    def leave(self) -> None:
        """The room is closed."""
        for work in self:
            work.leave()

    @property
    def stale_outputs(self) -> int | None:
        """Cells whose outputs were made by other code than they have now; None: not looked yet."""
        return len(self._outputs.stale) if self._outputs is not None else None

    def _follow_outputs(self) -> None:
        content = self._open.joined.live.content()
        if content is self._followed or not isinstance(content, NotebookContent):
            return
        self._followed = content
        if self._outputs is None:
            known = (version.content for version in self._open.ledger.versions_on_disk())
            self._outputs = StaleOutputs(one for one in known if isinstance(one, NotebookContent))
        self._outputs.follow(content)

    def _look_at_settings(self) -> None:
        content = self._open.joined.live.content()
        if not isinstance(content, NotebookContent) or content.metadata is self._seen:
            return
        self._seen = content.metadata
        settings = content.metadata.get(JUPYTEXT)
        if settings != self._settings:
            self._settings = settings
            self.on_settings(content.metadata)
