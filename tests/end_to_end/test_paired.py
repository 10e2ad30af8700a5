"""A notebook and its script: two faces of one live document."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from rtcd.content import NotebookContent

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120)]


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


async def test_a_script_saved_and_a_room_typed_in_are_one_notebook(host: RtcdFolder):
    host.write("analysis.ipynb", notebook("a = 1", "b = 2", "c = 3"))
    host.start()
    eventually(lambda: "# %%" in host.read("analysis.py"), "the script to be written")
    async with RoomPerson.joined(host.address, "analysis.ipynb") as grace:
        script = host.read("analysis.py")
        by_hand = script.replace("b = 2", "b = 2   # by hand\n\n\n# a remark, and a blank line")
        host.write("analysis.py", by_hand)
        await eventually_async(lambda: "by hand" in sources(grace)[1], "the room to follow")
        assert [cell[0] for cell in told(grace)] == ["cell1", "cell2", "cell3"]
        assert [cell[2] for cell in told(grace)] == ["out 1\n", "out 2\n", "out 3\n"]
        content = grace.content
        assert isinstance(content, NotebookContent)
        cells = list(content.cells)
        cells[2] = replace(cells[2], source="c = 3\nd = 4")
        await grace.become(replace(content, cells=tuple(cells)))
        await eventually_async(lambda: "d = 4" in host.read("analysis.py"), "the script to follow")
        assert host.read("analysis.py") == by_hand.replace("c = 3", "c = 3\nd = 4")
    host.wait()
    status = host.status()
    assert status["state"] == "synced"
    assert status["problems"] == []
    assert {file["path"]: file["kind"] for file in status["files"]} == {
        "analysis.ipynb": "paired",
        "analysis.py": "paired",
    }
