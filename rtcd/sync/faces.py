"""Paired texts and their notebooks' bindings: begun together, renamed together, parted.

Theory of operation. A paired text has no room: all work on it is done by its notebook's binding, in
every folder for its own copy (``scripts``). So a text is worked on when its notebook is open, and the
notebook is opened when a text is not as it was left.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from rtcd.content import Content, TextContent
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import parse
from rtcd.errors import HeldError
from rtcd.history.bookmark import Bookmark
from rtcd.paired.reading import read_script
from rtcd.paired.script import ScriptFormat
from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.script_binding import ScriptBinding

if TYPE_CHECKING:
    from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")

BEGIN_SECONDS = 10.0
PART_SECONDS = 10.0


class Faces:
    """The texts of a project's notebooks as files that are worked on."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def attach(self, binding: Binding) -> None:
        """Give a notebook's binding its texts."""
        pairs, bindings = self._project.pairs, self._project.bindings
        binding.working.scripts.on_settings = lambda metadata: pairs.settings_changed(
            binding.path, metadata
        )
        for text, fmt in pairs.texts_of(binding.path).items():
            if text not in bindings:
                work = binding.working.scripts.add(
                    text, fmt, self._project.history, self._project.disk
                )
                bindings[text] = ScriptBinding(binding, work)

    def begin(self, notebook: ProjectPath) -> None:
        """Work on the texts of a notebook, where one of them is not as it was left."""
        texts = tuple(self._project.pairs.texts_of(notebook))
        self._project.spawn(self._begin(notebook), problem_path=notebook, faces=texts)

    async def _begin(self, notebook: ProjectPath) -> None:
        project = self._project
        deadline = project.clock() + BEGIN_SECONDS
        while project.tasks.is_busy(notebook) and project.clock() < deadline:
            await project.changed(project.seq, 0.1)
        for text in project.pairs.texts_of(notebook):
            await self._free_room(text)
        if notebook not in project.files and notebook not in project.bindings:
            if notebook not in project.pairs.on_server:
                return
            project.activate(notebook)
        binding = project.bindings.get(notebook)
        if binding is not None:
            self.attach(binding)
        elif any(self._is_to_be_met(notebook, text) for text in project.pairs.texts_of(notebook)):
            project.activate(notebook)

    async def _free_room(self, text: ProjectPath) -> None:
        """A text that was shared for itself until now leaves its room."""
        project = self._project
        binding = project.bindings.get(text)
        if binding is None or isinstance(binding, ScriptBinding):
            return
        binding.close()
        while project.bindings.get(text) is binding:
            await project.changed(project.seq, 0.1)

    def _is_to_be_met(self, notebook: ProjectPath, text: ProjectPath) -> bool:
        mark = self._project.history.bookmark(str(text))
        if mark is None:
            return True
        known, own = self._project.files.get(text), self._project.files.get(notebook)
        if known is None:
            return False  # deleted by somebody, and to stay so
        return (known.digest, own.digest if own else None) != (mark.base_digest, mark.server_hash)

    def renamed(self, old: ProjectPath, new: ProjectPath) -> None:
        """A notebook has another name, and its text follows on disk."""
        self._project.spawn(self._rename(old, new), problem_path=old)

    async def _rename(self, old: ProjectPath, new: ProjectPath) -> None:
        project = self._project
        # On a disk in trouble it keeps its old name, and a problem tells of it.
        if not await project.disk.rename(old, new):
            return
        project.files.move(old, new)
        project.history.move(str(old), str(new))
        binding = project.bindings.pop(old, None)
        if binding is not None:
            project.bindings[new] = binding
            binding.moved(new)
        project.note_change()

    def deleted(self, text: ProjectPath) -> None:
        """A paired text was deleted here: its notebook stays, in this folder without that face."""
        self._project.files.forget(text)
        binding = self._project.bindings.get(text)
        if binding is not None:
            binding.disk_gone()
        self._project.note_change()

    def part(self, notebook: ProjectPath, text: ProjectPath, fmt: ScriptFormat) -> None:
        """A text is a file like any other from now on."""
        project = self._project
        binding = project.bindings.get(text)
        if isinstance(binding, ScriptBinding):
            project.bindings.pop(text)
            binding.notebook.working.scripts.remove(text)
        project.history.forget(str(text))
        project.spawn(self._share_again(notebook, text, fmt), path=text)
        log.info("unpaired path=%s text=%s", notebook, text)

    async def _share_again(
        self, notebook: ProjectPath, text: ProjectPath, fmt: ScriptFormat
    ) -> None:
        await self._until_parted_there(notebook)
        snapshot = await self._project.disk.read(text)
        if snapshot is not None:
            there = await self._written_there(snapshot, fmt)
            if there is not None:
                self._project.activate(text).came_from(there)
            self._project.local.file_saved(snapshot)

    async def _written_there(self, snapshot: Snapshot, fmt: ScriptFormat) -> Content | None:
        """The copy that jupytext wrote on a server elsewhere, now marked as the base of ours.

        It was written from the notebook. If it says what ours says, nobody has worked in it. None
        when there is no such copy.
        """
        project = self._project
        there = None if project.link.is_host else await project.link.read(snapshot.path)
        if there is None or not await asyncio.to_thread(_says_the_same, there, snapshot.data, fmt):
            return None
        stat = snapshot.stat
        digest = project.history.put_blob(there)
        project.history.set_bookmark(
            Bookmark(
                path=str(snapshot.path),
                kind="text",
                file_id=None,
                base_digest=digest,
                disk_size=stat.size,
                disk_mtime_ns=stat.mtime_ns,
            )
        )
        return parse("text", there)

    async def _until_parted_there(self, notebook: ProjectPath) -> None:
        """Wait until a server elsewhere has saved that its notebook is not paired any more.

        If jupytext runs there, a text that is saved before that is read into the notebook.
        """
        project = self._project
        deadline = project.clock() + PART_SECONDS
        while not project.link.is_host and project.clock() < deadline:
            binding = project.bindings.get(notebook)
            if binding is None or not (binding.is_live and is_on_its_way(binding)):
                return
            await binding.ask_for_save()
            await project.changed(project.seq, 0.1)


def is_on_its_way(binding: Binding) -> bool:
    """True while disk, room and the server's file are not the same."""
    return binding.unsent() or binding.unwritten() or binding.unsaved()


def _says_the_same(one: bytes, other: bytes, fmt: ScriptFormat) -> bool:
    try:
        contents = [parse("text", data) for data in (one, other)]
        scripts = [
            read_script(content.text, fmt)
            for content in contents
            if isinstance(content, TextContent)
        ]
    except HeldError:
        return False
    first, second = ([cell.as_cell() for cell in script.cells] for script in scripts)
    return first == second
