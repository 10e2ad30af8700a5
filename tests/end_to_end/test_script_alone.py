"""A script whose notebook is kept with the server only, on a server as anybody runs it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async
from end_to_end.stock_server import StockServer
from end_to_end.test_paired import sources
from rtcd.content import NotebookContent
from rtcd.server.address import ServerAddress

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.long,
    pytest.mark.timeout(240),
]

SCRIPT = "# my own remark\n\n# %%\nalone   =  1   # by hand\n\n\n# %%\nmore = 2\n"


def joined(server: StockServer, new_folder: NewFolder) -> RtcdFolder:
    folder = new_folder("guest")
    folder.write("analysis.py", SCRIPT)
    folder.start("--server", server.url, token=server.token)
    folder.wait(60)
    return folder


async def test_a_script_alone_is_live_with_a_notebook_that_only_the_server_has(
    stock_server: StockServer, new_folder: NewFolder
):
    folder = joined(stock_server, new_folder)
    address = ServerAddress.parse(stock_server.url, stock_server.token)
    done = folder.command("pair", "analysis.py", "--notebook-on-server", "--json")
    assert done.returncode == 0, (done.stdout, done.stderr, folder.log())
    assert json.loads(done.stdout)["pairs"] == [
        {"notebook": "analysis.ipynb", "texts": [{"path": "analysis.py", "format": "py:percent"}]}
    ]
    folder.wait(60)
    assert folder.read("analysis.py") == SCRIPT
    assert folder.status()["problems"] == []
    async with RoomPerson.joined(address, "analysis.ipynb") as grace:
        assert sources(grace) == ["# my own remark", "alone   =  1   # by hand", "more = 2"]
        folder.write("analysis.py", SCRIPT.replace("more = 2", "more = 22"))
        await eventually_async(lambda: sources(grace)[-1] == "more = 22", "the save", 60)
        content = grace.content
        assert isinstance(content, NotebookContent)
        cells = list(content.cells)
        cells[-1] = replace(cells[-1], source="more = 22\nby_grace = 3")
        await grace.become(replace(content, cells=tuple(cells)))
        wanted = SCRIPT.replace("more = 2", "more = 22\nby_grace = 3")
        await eventually_async(lambda: folder.read("analysis.py") == wanted, "the typing", 60)
    folder.wait(60)
    assert not (folder.root / "analysis.ipynb").exists()
    assert (stock_server.root / "analysis.ipynb").exists()

    folder.stop()
    folder.write("analysis.py", wanted.replace("alone ", "offline = 4\nalone "))
    folder.start("--server", stock_server.url, token=stock_server.token)
    folder.wait(60)
    async with RoomPerson.joined(address, "analysis.ipynb") as grace:
        offline = ["offline = 4\nalone   =  1   # by hand", "more = 22\nby_grace = 3"]
        await eventually_async(lambda: sources(grace)[1:] == offline, "the offline save", 60)
    folder.wait(60)
    assert not (folder.root / "analysis.ipynb").exists()
    assert folder.status()["conflicts"] == 0
    assert folder.status()["problems"] == []

    before = folder.read("analysis.py")
    done = folder.command("unpair", "analysis.py")
    assert done.returncode == 0, (done.stdout, done.stderr, folder.log())
    folder.wait(60)
    cells = json.loads(folder.read("analysis.ipynb"))["cells"]
    assert ["".join(cell["source"]) for cell in cells][2:] == ["more = 22\nby_grace = 3"]
    kinds = {file["path"]: file["kind"] for file in folder.status()["files"]}
    assert kinds == {"analysis.ipynb": "notebook", "analysis.py": "text"}
    # jupytext had written a copy of its own there, in its own style.
    assert folder.read("analysis.py") == before, folder.story()
    assert folder.status()["conflicts"] == 0
