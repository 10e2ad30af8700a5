"""A file with somebody in its room, and what a test asks of both sides."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async
from rtcd.content import Cell, NotebookContent


def notebook(*sources: str | dict[str, Any], minor: int = 5) -> str:
    """A notebook file of code cells ``cell0``, ``cell1``, ...; a dict is what differs in a cell."""
    cells = []
    for number, given in enumerate(sources):
        own = {"source": given} if isinstance(given, str) else given
        cell = {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell{number}",
            "metadata": {},
            "outputs": [],
        }
        cells.append({key: value for key, value in {**cell, **own}.items() if value != "absent"})
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}
    return json.dumps(whole, indent=1) + "\n"


def stream(text: str) -> dict[str, Any]:
    """An output of ``print``."""
    return {"name": "stdout", "output_type": "stream", "text": text}


class LiveFile:
    """One file of a running host and a person who has it open."""

    def __init__(self, folder: RtcdFolder, name: str, person: RoomPerson) -> None:
        self.folder = folder
        self.name = name
        self.person = person

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, folder: RtcdFolder, name: str, text: str, *, person: str = "Grace Hopper"
    ) -> AsyncIterator[LiveFile]:
        """Save the file, let somebody open it, and wait until rtcd is in the room.

        A test that is tried once more gets another file: what the first try left (versions,
        conflicts) would be told as a fault of its own.
        """
        while (folder.root / name).exists():
            name = f"again-{name}"
        folder.write(name, text)
        folder.wait()
        async with RoomPerson.joined(folder.address, name, name=person) as joined:
            live = cls(folder, name, joined)
            await eventually_async(live.is_live, "rtcd to be in the room")
            yield live

    def is_live(self) -> bool:
        """True when the daemon has met the room."""
        files = {file["path"]: file for file in self.folder.status()["files"]}
        return files[self.name]["live"] and files[self.name]["state"] == "synced"

    def save(self, text: str) -> None:
        """Write the file in place, knowing nothing of what is there."""
        self.folder.write(self.name, text)

    @property
    def on_disk(self) -> str:
        """What the file holds."""
        return self.folder.read(self.name)

    @property
    def cells(self) -> list[tuple[str | None, str]]:
        """Ids and sources as the person sees them."""
        content = self.person.content
        assert isinstance(content, NotebookContent)
        return [(cell.id, cell.source) for cell in content.cells]

    def cell(self, identity: str) -> Cell:
        """One cell as the person sees it."""
        content = self.person.content
        assert isinstance(content, NotebookContent)
        return next(cell for cell in content.cells if cell.id == identity)

    async def change_cell(self, identity: str, **changed: Any) -> None:
        """The person edits a cell."""
        content = self.person.content
        assert isinstance(content, NotebookContent)
        cells = [replace(c, **changed) if c.id == identity else c for c in content.cells]
        await self.person.become(replace(content, cells=tuple(cells)))

    async def until_equal(self, words: Iterable[str] = ()) -> None:
        """Both sides are the same and hold these words."""
        for word in words:
            await eventually_async(lambda word=word: word in self.on_disk, f"{word!r} on disk")
        await eventually_async(self._is_equal, "both sides to be equal")

    def _is_equal(self) -> bool:
        if not self.name.endswith(".ipynb"):
            return self.person.text == self.on_disk
        cells = json.loads(self.on_disk)["cells"]
        return [(cell.get("id"), "".join(cell["source"])) for cell in cells] == self.cells

    def conflicts(self, *options: str) -> list[dict[str, Any]]:
        """``rtcd conflicts --json``, those of this file."""
        document = json.loads(self.folder.command("conflicts", "--json", *options).stdout)
        return [item for item in document["conflicts"] if item["path"] == self.name]

    async def until_recorded(self, count: int = 1) -> list[dict[str, Any]]:
        """The open conflicts of this file, once there are so many."""
        await eventually_async(
            lambda: len(self.conflicts()) >= count, f"{count} conflicts of {self.name}"
        )
        found = self.conflicts()
        assert len(found) == count, found
        return found
