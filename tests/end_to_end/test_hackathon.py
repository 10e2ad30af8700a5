"""A hackathon: people type in a notebook that is paired with a script, and somebody edits the script.

With jupytext's contents manager and jupyter-collaboration as they come, each save of one face makes
the server load the other anew (jupytext issue 1648). The same story is told to both here; what stock
parts lost is printed beside, nothing is asserted of it.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import jupytext
import pytest

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually
from end_to_end.stock_server import StockServer
from end_to_end.test_paired import notebook
from rtcd.content import NotebookContent
from rtcd.server.address import ServerAddress

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

SECONDS = 12.0
KEY_SECONDS = 0.25
SAVE_SECONDS = 1.1
PEOPLE = ("Ada", "Grace", "Mary")
WORD = re.compile(r"\w+_said_\d+")


@dataclass(frozen=True, slots=True)
class Told:
    """What everybody did, and what of it is in the notebook in the end."""

    said: frozenset[str]
    found: frozenset[str]
    twice: frozenset[str]

    @property
    def lost(self) -> frozenset[str]:
        return self.said - self.found

    def __str__(self) -> str:
        return f"{len(self.lost)} of {len(self.said)} lines lost, {len(self.twice)} doubled"


async def type_along(person: RoomPerson, name: str, cell: int, until: float) -> set[str]:
    """One line after the other, at the end of a cell of one's own."""
    said: set[str] = set()
    loop = asyncio.get_running_loop()
    for number in itertools.count():
        if loop.time() > until:
            return said
        content = person.content
        assert isinstance(content, NotebookContent)
        if cell < len(content.cells):
            word = f"{name}_said_{number}"
            cells = list(content.cells)
            cells[cell] = replace(cells[cell], source=f"{cells[cell].source}\n{word} = 1")
            await person.become(replace(content, cells=tuple(cells)))
            said.add(word)
        await asyncio.sleep(KEY_SECONDS)
    return said


async def edit_script(script: Path, until: float) -> set[str]:
    """An editor that follows the disk: read, one line more at the end, save in place."""
    said: set[str] = set()
    loop = asyncio.get_running_loop()
    for number in itertools.count():
        if loop.time() > until:
            return said
        await asyncio.sleep(SAVE_SECONDS)
        word = f"script_said_{number}"
        script.write_text(script.read_text().rstrip("\n") + f"\n{word} = 1\n")
        said.add(word)
    return said


async def hackathon(address: ServerAddress, root: Path) -> Told:
    """Three people and an editor; then a pause in which everything can come together."""
    until = asyncio.get_running_loop().time() + SECONDS
    async with (
        RoomPerson.joined(address, "analysis.ipynb", name=PEOPLE[0]) as ada,
        RoomPerson.joined(address, "analysis.ipynb", name=PEOPLE[1]) as grace,
        RoomPerson.joined(address, "analysis.ipynb", name=PEOPLE[2]) as mary,
    ):
        people = zip((ada, grace, mary), PEOPLE, strict=True)
        typing = [type_along(one, name, cell, until) for cell, (one, name) in enumerate(people)]
        said = set().union(*await asyncio.gather(*typing, edit_script(root / "analysis.py", until)))
        found: list[str] = []
        for _ in range(40):
            await asyncio.sleep(0.25)
            found = WORD.findall((root / "analysis.ipynb").read_text())
            if said <= set(found):
                break
        content = ada.content
        assert isinstance(content, NotebookContent)
        found = WORD.findall("\n".join(cell.source for cell in content.cells))
    twice = frozenset(word for word in found if found.count(word) > 1)
    return Told(frozenset(said), frozenset(found), twice)


FILE = notebook("a = 1", "b = 2", "c = 3", "d = 4")


@contextmanager
def stock_server(root: Path) -> Iterator[StockServer]:
    """jupyter-collaboration and jupytext as they come."""
    root.mkdir(parents=True)
    (root / "analysis.ipynb").write_bytes(FILE)
    made = jupytext.read(root / "analysis.ipynb")
    jupytext.write(made, root / "analysis.py", fmt="py:percent")
    server = StockServer(root)
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def test_nobody_loses_a_line_where_stock_parts_do(host: RtcdFolder, capsys):
    with stock_server(host.home / "stock") as server:
        stock = await hackathon(ServerAddress.parse(server.url, server.token), server.root)
    host.write("analysis.ipynb", FILE)
    host.start()
    eventually(lambda: "# %%" in host.read("analysis.py"), "the script")
    ours = await hackathon(host.address, host.root)
    host.wait()
    with capsys.disabled():
        print(f"\nstock jupytext and collaboration: {stock}\nrtcd: {ours}")
    assert ours.lost == frozenset()
    assert ours.twice == frozenset()
    assert set(WORD.findall(host.read("analysis.py"))) == ours.said
    assert set(WORD.findall(host.read("analysis.ipynb"))) == ours.said
