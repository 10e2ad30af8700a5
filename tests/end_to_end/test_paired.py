"""A notebook and its script: two faces of one live document."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from rtcd.content import NotebookContent

pytestmark = [pytest.mark.end_to_end]


def paired(host: RtcdFolder, *sources: str) -> tuple[str, str]:
    """A new notebook and its script, which is written; their names."""
    stem = f"analysis{next(NUMBERS)}"
    host.write(f"{stem}.ipynb", notebook(*sources))
    eventually(lambda: "# %%" in host.read(f"{stem}.py"), "the script to be written")
    return f"{stem}.ipynb", f"{stem}.py"


NUMBERS = itertools.count(1)


def notebook(*sources: str, formats: str | None = "ipynb,py:percent") -> bytes:
    """A notebook of code cells, each with an output that names it."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": number,
            "id": f"cell{number}",
            "metadata": {},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": [f"out {number}\n"]}],
            "source": source.splitlines(keepends=True),
        }
        for number, source in enumerate(sources, start=1)
    ]
    metadata: dict[str, Any] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    if formats is not None:
        metadata["jupytext"] = {"formats": formats}
    value = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(value, indent=1) + "\n").encode()


def sources(person: RoomPerson) -> list[str]:
    content = person.content
    assert isinstance(content, NotebookContent)
    return [cell.source for cell in content.cells]


def told(person: RoomPerson) -> list[tuple[str | None, str, str]]:
    """Id, source and output of every cell."""
    content = person.content
    assert isinstance(content, NotebookContent)
    return [
        (cell.id, cell.source, "".join(str(output.get("text", "")) for output in cell.outputs))
        for cell in content.cells
    ]


async def test_a_script_saved_and_a_room_typed_in_are_one_notebook(shared_host: RtcdFolder):
    host = shared_host
    notebook_name, script_name = paired(host, "a = 1", "b = 2", "c = 3")
    async with RoomPerson.joined(host.address, notebook_name) as grace:
        script = host.read(script_name)
        by_hand = script.replace("b = 2", "b = 2   # by hand\n\n\n# a remark, and a blank line")
        host.write(script_name, by_hand)
        await eventually_async(lambda: "by hand" in sources(grace)[1], "the room to follow")
        assert [cell[0] for cell in told(grace)] == ["cell1", "cell2", "cell3"]
        assert [cell[2] for cell in told(grace)] == ["out 1\n", "out 2\n", "out 3\n"]
        content = grace.content
        assert isinstance(content, NotebookContent)
        cells = list(content.cells)
        cells[2] = replace(cells[2], source="c = 3\nd = 4")
        await grace.become(replace(content, cells=tuple(cells)))
        await eventually_async(lambda: "d = 4" in host.read(script_name), "the script to follow")
        assert host.read(script_name) == by_hand.replace("c = 3", "c = 3\nd = 4")
    host.wait()
    status = host.status()
    assert status["state"] == "synced"
    assert [one for one in status["problems"] if one["path"] in (notebook_name, script_name)] == []
    kinds = {file["path"]: file["kind"] for file in status["files"]}
    assert {name: kinds[name] for name in (notebook_name, script_name)} == {
        notebook_name: "paired",
        script_name: "paired",
    }


async def test_both_files_saved_at_once_end_equal_without_a_conflict(shared_host: RtcdFolder):
    host = shared_host
    notebook_name, script_name = paired(host, "a = 1", "b = 2")
    async with RoomPerson.joined(host.address, notebook_name) as grace:
        value = json.loads(host.read(notebook_name))
        value["cells"][1]["source"] = ["b = 2\n", "saved_twice = 1"]
        value["cells"].append(
            {"cell_type": "code", "execution_count": None, "id": "added", "metadata": {},
             "outputs": [], "source": ["new_cell = 1"]}
        )  # fmt: skip
        script = host.read(script_name).replace("b = 2", "b = 2\nsaved_twice = 1")
        host.write(notebook_name, json.dumps(value, indent=1) + "\n")
        host.write(script_name, script + "\n# %%\nnew_cell = 1\n")
        wanted = ["a = 1", "b = 2\nsaved_twice = 1", "new_cell = 1"]
        await eventually_async(lambda: sources(grace) == wanted, "both saves in the room")
    host.wait()
    assert [cell["source"] for cell in json.loads(host.read(notebook_name))["cells"]] == [
        ["a = 1"], ["b = 2\n", "saved_twice = 1"], ["new_cell = 1"]
    ]  # fmt: skip
    assert host.read(script_name) == script + "\n# %%\nnew_cell = 1\n"
    files = {file["path"]: file for file in host.status()["files"]}
    assert files[notebook_name]["conflicts"] == 0


async def test_a_stale_script_buffer_keeps_what_others_typed(shared_host: RtcdFolder):
    host = shared_host
    notebook_name, script_name = paired(host, "a = 1", "b = 2", "c = 3")
    old = host.read(script_name)
    async with RoomPerson.joined(host.address, notebook_name) as grace:
        content = grace.content
        assert isinstance(content, NotebookContent)
        cells = list(content.cells)
        cells[0] = replace(cells[0], source="a = 1\ntyped_by_grace = 1")
        await grace.become(replace(content, cells=tuple(cells)))
        await eventually_async(lambda: "typed_by_grace" in host.read(script_name), "the script")
        host.write(script_name, old.replace("c = 3", "c = 3\nfrom_an_old_buffer = 1"))
        wanted = ["a = 1\ntyped_by_grace = 1", "b = 2", "c = 3\nfrom_an_old_buffer = 1"]
        await eventually_async(lambda: sources(grace) == wanted, "both edits in the room")
        await eventually_async(
            lambda: "typed_by_grace" in host.read(script_name), "both edits in the script"
        )
        assert [cell[2] for cell in told(grace)] == ["out 1\n", "out 2\n", "out 3\n"]


async def test_what_cannot_be_read_is_held_and_nothing_is_lost(shared_host: RtcdFolder):
    host = shared_host
    notebook_name, script_name = paired(host, "a = 1", "b = 2")
    script = host.read(script_name)
    async with RoomPerson.joined(host.address, notebook_name) as grace:
        before = told(grace)
        host.write(script_name, "")
        eventually(lambda: reason(host, script_name) == "script-emptied", "the hold")
        assert told(grace) == before
        broken = script.replace("kernelspec:", "kernelspec: [", 1)
        host.write(script_name, broken)
        eventually(lambda: reason(host, script_name) == "invalid-script", "the other hold")
        assert told(grace) == before
        assert host.read(script_name) == broken
        host.write(script_name, script.replace("b = 2", "b = 22"))
        await eventually_async(lambda: sources(grace) == ["a = 1", "b = 22"], "the repaired text")
    eventually(lambda: reason(host, script_name) is None, "the hold to end")
    assert [one for one in host.status()["problems"] if one["path"] == script_name] == []


def test_a_deleted_script_stays_away_and_its_notebook_stays(shared_host: RtcdFolder):
    host = shared_host
    notebook_name, script_name = paired(host, "a = 1")
    script = host.read(script_name)
    host.wait()
    (host.root / script_name).unlink()
    eventually(lambda: script_name not in paths(host), "the script to be forgotten")
    host.write(notebook_name, notebook("a = 11"))
    host.wait()
    assert not (host.root / script_name).exists()
    host.write(script_name, script.replace("a = 1", "a = 111"))
    eventually(lambda: "a = 111" in host.read(notebook_name), "the script to be a face again")


def test_saves_of_a_time_without_a_daemon_are_brought_by_the_next_one(host: RtcdFolder):
    host.write("analysis.ipynb", notebook("a = 1", "b = 2"))
    host.start()
    eventually(lambda: "# %%" in host.read("analysis.py"), "the script to be written")
    host.wait()
    host.stop()
    host.write("analysis.py", host.read("analysis.py").replace("b = 2", "b = 2\noffline = 1"))
    host.start()
    eventually(lambda: "offline" in host.read("analysis.ipynb"), "the notebook")
    value = json.loads(host.read("analysis.ipynb"))
    assert [cell["outputs"][0]["text"] for cell in value["cells"]] == [["out 1\n"], ["out 2\n"]]
    host.wait()
    assert host.status()["conflicts"] == 0


def test_pairs_are_made_listed_renamed_and_ended_by_command(host: RtcdFolder):
    host.write("one.ipynb", notebook("one = 1", formats=None))
    host.write("sub/two.ipynb", notebook("two = 2", formats=None))
    host.write("alone.py", "# %%\nalone = 1\n\n# %%\nmore = 2\n")
    host.start()
    host.wait()
    done = host.command("pair", "one.ipynb", "--to", "md", "--json")
    assert json.loads(done.stdout)["pairs"] == [
        {"notebook": "one.ipynb", "texts": [{"path": "one.md", "format": "md"}]}
    ], (done.stdout, done.stderr, host.log())
    assert "```python\none = 1\n```" in host.read("one.md")
    done = host.command("pair", "--all", "--to", "py:percent", "--dir", "scripts/")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "two = 2" in host.read("sub/scripts/two.py")
    assert host.read("jupytext.toml") == 'formats = "ipynb,scripts//py:percent"\n'
    done = host.command("pair", "alone.py", "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    eventually(lambda: "alone = 1" in host.read("alone.ipynb"), "a notebook for the script")
    host.wait()
    assert host.read("alone.py") == "# %%\nalone = 1\n\n# %%\nmore = 2\n"
    (host.root / "one.ipynb").rename(host.root / "first.ipynb")
    eventually(lambda: (host.root / "first.md").exists(), "the text to follow its notebook")
    host.wait()
    host.write("first.md", host.read("first.md").replace("one = 1", "one = 11"))
    eventually(lambda: "one = 11" in host.read("first.ipynb"), "the notebook to follow its text")
    assert host.command("unpair", "first.md").returncode == 0
    host.wait()
    host.write("first.md", host.read("first.md").replace("one = 11", "one = 111"))
    host.wait()
    assert "111" not in host.read("first.ipynb")
    kinds = {file["path"]: file["kind"] for file in host.status()["files"]}
    assert kinds["first.md"] == "text"


def reason(folder: RtcdFolder, name: str) -> str | None:
    """Why a file is held."""
    return next(file["reason"] for file in folder.status()["files"] if file["path"] == name)


def paths(folder: RtcdFolder) -> list[str]:
    return [file["path"] for file in folder.status()["files"]]
