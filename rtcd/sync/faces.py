"""Paired texts and their notebooks' bindings: begun together, renamed together, parted.

Theory of operation. A paired text has no room: all work on it is done by its notebook's binding, in
every folder for its own copy (``scripts``). So a text is worked on when its notebook is open, and the
notebook is opened when a text is not as it was left.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.script_binding import ScriptBinding

if TYPE_CHECKING:
    from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")

BEGIN_SECONDS = 10.0


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

    async def begin(self, notebook: ProjectPath) -> None:
        """Work on the texts of a notebook, where one of them is not as it was left."""
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

    def part(self, notebook: ProjectPath, text: ProjectPath) -> None:
        """A text is a file like any other from now on."""
        project = self._project
        binding = project.bindings.get(text)
        if isinstance(binding, ScriptBinding):
            project.bindings.pop(text)
            binding.notebook.working.scripts.remove(text)
        project.history.forget(str(text))
        project.spawn(self._share_again(text), path=text)
        log.info("unpaired path=%s text=%s", notebook, text)

    async def _share_again(self, text: ProjectPath) -> None:
        snapshot = await self._project.disk.read(text)
        if snapshot is not None:
            self._project.local.file_saved(snapshot)
