"""Cell ids through editors that drop or make them anew."""

from __future__ import annotations

import json

import pytest

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async
from rtcd.content import NotebookContent

pytestmark = [pytest.mark.end_to_end]


def notebook(ids: list[str | None], last: str = "print(3)") -> str:
    sources = ["import math\n", "# a text about circles\nmath.pi", last]
    cells = []
    for cell_id, source in zip(ids, sources, strict=True):
        cell = {
            "cell_type": "code",
            "execution_count": 7,
            "metadata": {"tags": ["kept"]},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": ["out\n"]}],
            "source": source.splitlines(keepends=True),
        }
        cells.append(cell if cell_id is None else {"id": cell_id} | cell)
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1) + "\n"


@pytest.mark.parametrize(
    "saved_ids", [["new-1", "new-2", "new-3"], [None, None, None]], ids=["anew", "dropped"]
)
async def test_cells_keep_their_ids_outputs_and_metadata(
    host: RtcdFolder, saved_ids: list[str | None]
):
    host.write("a.ipynb", notebook(["one", "two", "three"]))
    host.start()
    async with RoomPerson.joined(host.address, "a.ipynb") as grace:
        await eventually_async(lambda: host.status()["files"][0]["live"], "the daemon to join")
        host.write("a.ipynb", notebook(saved_ids, last="print(33)"))

        def cells():
            content = grace.content
            assert isinstance(content, NotebookContent)
            return content.cells

        await eventually_async(lambda: cells()[2].source == "print(33)", "the edit in the room")
        assert [cell.id for cell in cells()] == ["one", "two", "three"]
        assert all(len(cell.outputs) == 1 and cell.execution_count == 7 for cell in cells())
        if saved_ids[0] is not None:
            await eventually_async(
                lambda: (
                    [c["id"] for c in json.loads(host.read("a.ipynb"))["cells"]]
                    == ["one", "two", "three"]
                ),
                "the file to get its ids back",
            )
