"""A file that was deleted through the server while somebody has it open: nothing typed is lost."""

from __future__ import annotations

import json

import httpx
import pytest
from pycrdt import Map, Text

from extension.room_client import NotebookClient, headers, joined, until

pytestmark = pytest.mark.end_to_end

NOTEBOOK = ("json", "notebook")


async def delete(served, name):
    async with httpx.AsyncClient(headers=headers(served.address), verify=False, timeout=60) as http:
        reply = await http.delete(f"{served.address.url}api/contents/{name}")
        reply.raise_for_status()


def notebook(*sources):
    cells = [
        {"cell_type": "markdown", "id": f"cell-{n}", "metadata": {}, "source": source}
        for n, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def sources(file):
    return ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]]


async def test_who_types_after_the_deletion_has_the_file_made_again(served):
    file = served.project / "typed.txt"
    file.write_text("one\n")
    async with joined(served.address, "typed.txt") as room:
        await delete(served, "typed.txt")
        assert not file.exists()
        room.text += "two\n"
        await until(lambda: file.exists() and file.read_text() == "one\ntwo\n")
        async with joined(served.address, "typed.txt") as other:
            assert other.file_id == room.file_id
            other.text += "three\n"
            await until(lambda: room.content == "one\ntwo\nthree\n")


async def test_a_save_after_the_deletion_succeeds_when_something_was_typed(served):
    file = served.project / "saved.txt"
    file.write_text("one\n")
    async with joined(served.address, "saved.txt") as room:
        await delete(served, "saved.txt")
        assert await room.save() == "failed"
        assert not file.exists()
        room.text += "two\n"
        assert await room.save() == "success"
        assert file.read_text() == "one\ntwo\n"


async def test_a_file_made_again_goes_on_in_the_room_that_people_are_in(served):
    """What was deleted stays deleted, what was typed since is in the new file."""
    file = served.project / "again.txt"
    file.write_text("old one\nold two\n")
    async with joined(served.address, "again.txt") as room:
        await delete(served, "again.txt")
        file.write_text("new\n")
        async with joined(served.address, "again.txt") as other:
            assert other.file_id == room.file_id
            await until(lambda: room.content == other.content == "new\n")
            room.text += "typed\n"
            await until(lambda: other.content == file.read_text() == "new\ntyped\n")


async def test_what_was_typed_before_the_file_was_made_again_is_merged(served):
    file = served.project / "between.txt"
    file.write_text("one\ntwo\n")
    async with joined(served.address, "between.txt") as room:
        await delete(served, "between.txt")
        file.write_text("ONE\ntwo\n")
        room.text += "typed\n"
        await until(lambda: room.content == file.read_text() == "ONE\ntwo\ntyped\n")


async def test_cells_of_a_notebook_made_again_are_merged(served):
    file = served.project / "again.ipynb"
    file.write_text(notebook("first", "second"))
    async with joined(served.address, "again.ipynb", NOTEBOOK, NotebookClient) as room:
        await delete(served, "again.ipynb")
        file.write_text(notebook("FIRST", "second"))
        room.cells.append(
            Map(
                {
                    "cell_type": "markdown",
                    "id": "cell-typed",
                    "metadata": Map({}),
                    "source": Text("typed"),
                }
            )
        )
        wanted = ["FIRST", "second", "typed"]
        await until(lambda: sources(file) == wanted)
        await until(lambda: [str(cell["source"]) for cell in room.cells] == wanted)


async def test_where_nobody_typed_a_deleted_file_stays_deleted(served):
    """A kernel that ends says so in every page; that is nobody's edit."""
    file = served.project / "quiet.ipynb"
    file.write_text(notebook("first"))
    async with joined(served.address, "quiet.ipynb", NOTEBOOK, NotebookClient) as room:
        await delete(served, "quiet.ipynb")
        room.cells[0]["execution_state"] = "idle"
        assert await room.save() == "failed"
        (served.project / "other.ipynb").write_text(notebook("a"))
        async with joined(served.address, "other.ipynb", NOTEBOOK, NotebookClient) as other:
            source = other.cells[0]["source"]
            source += "b"
            await until(lambda: sources(served.project / "other.ipynb") == ["ab"])
        assert not file.exists()


async def test_a_folder_takes_its_files_along_and_typing_brings_back_one(served):
    (served.project / "folder").mkdir()
    file = served.project / "folder" / "inside.txt"
    file.write_text("one\n")
    async with joined(served.address, "folder/inside.txt") as room:
        await delete(served, "folder/inside.txt")
        await delete(served, "folder")
        room.text += "two\n"
        await until(lambda: file.exists() and file.read_text() == "one\ntwo\n")


async def test_a_file_that_cannot_be_read_is_never_saved_over_by_the_old_room(served):
    file = served.project / "broken.ipynb"
    file.write_text(notebook("first"))
    async with joined(served.address, "broken.ipynb", NOTEBOOK, NotebookClient) as room:
        await delete(served, "broken.ipynb")
        file.write_text("<<<<<<< no notebook")
        source = room.cells[0]["source"]
        source += " typed"
        assert await room.save() == "failed"
        assert file.read_text() == "<<<<<<< no notebook"
