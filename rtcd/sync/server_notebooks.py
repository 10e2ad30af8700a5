"""Notebooks that are with the server only: in this folder there is just their script.

Theory of operation. Such a notebook is worked on like any other, but its disk is one that nobody sees
(``disk/kept_notebooks.py``). It is made without a word of the pair, which is added in its room like
the word of any other pair: a server where jupytext runs refuses to open a notebook that is newer than
the script it names, and the script was there first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtcd.disk.kept_notebooks import KeptNotebooks
from rtcd.errors import RtcdError, ServerError
from rtcd.places import INSIDE
from rtcd.project_path import ProjectPath
from rtcd.sync.faces import is_on_its_way
from rtcd.sync.ports import Disk

if TYPE_CHECKING:
    from rtcd.sync.project import Project

REST_SECONDS = 15.0


class ServerNotebooks:
    """The notebooks of one project that its folder does not have."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._kept = KeptNotebooks(project.disk.folder.root / INSIDE / "notebooks")
        self._paths: set[ProjectPath] = set()

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[ProjectPath]:
        return iter(self._paths)

    def disk_for(self, path: ProjectPath) -> Disk:
        """Where a file is read and written in this folder."""
        return self._kept if path in self._paths else self._project.disk

    async def keep(self, notebook: ProjectPath, data: bytes) -> None:
        """Make a notebook with the server, and none in this folder; it is not paired yet.

        Raises:
            RtcdError: the folder is the server's own, or the server has such a notebook.
        """
        project = self._project
        if project.link.is_host:
            raise RtcdError(
                f"this folder is the server's own, so {notebook} would lie in it",
                hint=f"Leave out --notebook-on-server, or add {notebook} to .gitignore.",
                code="shared-folder",
            )
        if notebook not in self._paths:
            await self._make(notebook, data)
        project.activate(notebook)

    async def _make(self, notebook: ProjectPath, data: bytes) -> None:
        # Known as kept before it is there: news of it must not bring it into the folder.
        self._kept.store(notebook, data)
        self._paths.add(notebook)
        self._project.pairs.write_list()
        try:
            await self._project.link.create(notebook, data)
        except ServerError as error:
            self._forget(notebook)
            if error.code != "exists":
                raise
            raise RtcdError(
                f"the server has a notebook {notebook} already",
                hint=f"Pair that one with `rtcd pair {notebook}`.",
                code="name-collision",
            ) from error

    def load(self) -> None:
        """Take up what an earlier daemon kept; before the folder is compared."""
        for notebook in self._project.pairs.list.on_server():
            kept = self._kept.load(notebook)
            if kept is not None and not self._project.disk.exists(notebook):
                self._paths.add(notebook)
                self._project.pairs.note(kept)

    def came_back(self, notebook: ProjectPath) -> None:
        """Somebody put the notebook into the folder after all: it is a file like any other."""
        self._forget(notebook)
        binding = self._project.bindings.pop(notebook, None)
        if binding is not None:
            binding.close()

    async def bring_back(self, notebook: ProjectPath) -> None:
        """Put the notebook into the folder, since nothing else stands for it there any more.

        Raises:
            RtcdError: the server does not answer, or something of that name is there.
        """
        project = self._project
        binding = project.activate(notebook)
        try:
            async with asyncio.timeout(REST_SECONDS):
                while not binding.is_live or is_on_its_way(binding):
                    await binding.ask_for_save()
                    await project.changed(project.seq, 0.1)
        except TimeoutError:
            raise RtcdError(
                f"{notebook} is not yet the same here and with the server",
                hint="`rtcd status` tells what it waits for.",
            ) from None
        kept = self._kept.load(notebook)
        if kept is None or await project.disk.create(notebook, kept.data) is None:
            raise RtcdError(
                f"there is something else called {notebook} in this folder",
                hint="Give it another name, and run this again.",
                code="name-collision",
            )
        created = await project.disk.read(notebook)
        if created is not None:
            project.local.file_saved(created)

    def _forget(self, notebook: ProjectPath) -> None:
        self._paths.discard(notebook)
        self._kept.forget(notebook)
        self._project.pairs.write_list()
