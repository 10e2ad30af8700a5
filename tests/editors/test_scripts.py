"""Vim, formatters and git on a script whose notebook is live: outputs stay with their cells."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from editors.programs import Vim
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from end_to_end.test_paired import notebook, sources, told
from rtcd.content import NotebookContent

pytestmark = [
    pytest.mark.editors,
    pytest.mark.end_to_end,
    pytest.mark.long,
    pytest.mark.timeout(300),
]

SECONDS = 60
OUTPUTS = ["out 1\n", "out 2\n", "out 3\n"]


def paired(host: RtcdFolder, name: str, *cells: str) -> str:
    """A notebook with its script, both at rest; the script's name."""
    host.write(f"{name}.ipynb", notebook(*cells))
    script = f"{name}.py"
    eventually(lambda: "# %%" in host.read(script), "the script", seconds=SECONDS)
    host.wait(SECONDS)
    return script


def conflicts(host: RtcdFolder, name: str) -> int:
    return sum(
        file["conflicts"] for file in host.status()["files"] if file["path"].startswith(f"{name}.")
    )


async def typed(grace: RoomPerson, cell: int, line: str) -> None:
    """Grace adds a line to one cell."""
    content = grace.content
    assert isinstance(content, NotebookContent)
    cells = list(content.cells)
    cells[cell] = replace(cells[cell], source=f"{cells[cell].source}\n{line}")
    await grace.become(replace(content, cells=tuple(cells)))


@pytest.mark.skipif(not (shutil.which("vim") and shutil.which("tmux")), reason="vim and tmux")
async def test_vim_as_installed_saves_over_what_others_typed_meanwhile(
    shared_host: RtcdFolder, place: Path
):
    host = shared_host
    script = await asyncio.to_thread(paired, host, "vim", "a = 1", "b = 2", "c = 3")
    home = place / "vim-home"
    home.mkdir()
    async with RoomPerson.joined(host.address, "vim.ipynb") as grace:
        editor = await asyncio.to_thread(Vim, home, host.root / script)
        try:
            await asyncio.to_thread(editor.shows, "c = 3")
            await typed(grace, 0, "by_grace = 4")
            await eventually_async(lambda: "by_grace" in host.read(script), "the script", SECONDS)
            await asyncio.to_thread(editor.add_line, "by_vim = 5")
            await asyncio.to_thread(editor.save)
            wanted = ["a = 1\nby_grace = 4", "b = 2", "c = 3\nby_vim = 5"]
            await eventually_async(lambda: sources(grace) == wanted, "both edits", SECONDS)
        finally:
            await asyncio.to_thread(editor.close)
        assert [cell[2] for cell in told(grace)] == OUTPUTS
        await eventually_async(
            lambda: "by_grace" in host.read(script) and "by_vim" in host.read(script),
            "both edits in the script",
            SECONDS,
        )
    assert await asyncio.to_thread(conflicts, host, "vim") == 0


@pytest.mark.parametrize("formatter", ["black", "ruff"])
async def test_a_formatter_changes_code_and_nothing_else(shared_host: RtcdFolder, formatter: str):
    if importlib.util.find_spec(formatter) is None:
        pytest.skip(f"{formatter} is not installed")
    host = shared_host
    ugly = ["a=1\nb  = {'x':1,'y':2}", "def f( x ):\n  return x+1", "print(f( 1 ),\n  b)"]
    # A script called like the formatter would be run in its stead.
    name = f"formatted_by_{formatter}"
    script = await asyncio.to_thread(paired, host, name, *ugly)
    async with RoomPerson.joined(host.address, f"{name}.ipynb") as grace:
        command = [sys.executable, "-m", formatter, "-q"]
        command += ["format", script] if formatter == "ruff" else [script]
        subprocess.run(command, cwd=host.root, check=True)
        formatted = host.read(script)
        wanted = ['a = 1\nb = {"x": 1, "y": 2}', "def f(x):\n    return x + 1", "print(f(1), b)"]
        await eventually_async(lambda: sources(grace) == wanted, "the formatted cells", SECONDS)
        assert [cell[2] for cell in told(grace)] == OUTPUTS
        assert [cell[0] for cell in told(grace)] == ["cell1", "cell2", "cell3"]
        await typed(grace, 0, "by_grace = 4")
        after = formatted.replace('"y": 2}', '"y": 2}\nby_grace = 4')
        await eventually_async(lambda: host.read(script) == after, "the script", SECONDS)
    assert await asyncio.to_thread(conflicts, host, name) == 0


async def test_git_checks_out_both_faces(shared_host: RtcdFolder):
    host = shared_host
    script = await asyncio.to_thread(paired, host, "git", "a = 1", "b = 2")

    def git(*words: str) -> None:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", *identity, *words], cwd=host.root, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "git.ipynb", script)
    git("commit", "-qm", "first")
    first = host.read(script)
    async with RoomPerson.joined(host.address, "git.ipynb") as grace:
        host.write(script, first.replace("b = 2", "b = 22\nlater = 3"))
        wanted = ["a = 1", "b = 22\nlater = 3"]
        await eventually_async(lambda: sources(grace) == wanted, "the save", SECONDS)
        await asyncio.to_thread(host.wait, SECONDS)
        git("commit", "-qam", "second")
        second = host.read(script)
        git("checkout", "-q", "HEAD~1")
        await eventually_async(lambda: sources(grace) == ["a = 1", "b = 2"], "the old", SECONDS)
        await asyncio.to_thread(host.wait, SECONDS)
        assert host.read(script) == first
        git("checkout", "-q", "main")
        await eventually_async(lambda: sources(grace) == wanted, "the new", SECONDS)
        await asyncio.to_thread(host.wait, SECONDS)
        assert host.read(script) == second
        assert [cell[2] for cell in told(grace)] == OUTPUTS[:2]
    cells = json.loads(host.read("git.ipynb"))["cells"]
    assert ["".join(cell["source"]) for cell in cells] == wanted
    assert await asyncio.to_thread(conflicts, host, "git") == 0
