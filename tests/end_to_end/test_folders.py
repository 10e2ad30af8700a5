"""Folders come, go and are renamed, on both sides."""

from __future__ import annotations

import asyncio
import os
import shutil

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RoomPerson, eventually, eventually_async
from end_to_end.stock_server import StockServer
from rtcd.server.client import ServerClient

pytestmark = [pytest.mark.end_to_end]


def test_folders_travel_between_two_guests(new_folder: NewFolder, stock_server: StockServer):
    first, second = new_folder("first"), new_folder("second")
    for folder in (first, second):
        folder.start("--server", stock_server.url, token=stock_server.token)
    (first.root / "empty").mkdir()
    first.write("data/raw/a.csv", "1,2\n")
    first.write("data/b.csv", "3,4\n")
    eventually(lambda: second.read("data/raw/a.csv") == "1,2\n", "a file two folders down")
    eventually(lambda: second.read("data/b.csv") == "3,4\n", "its neighbour")
    eventually(lambda: (second.root / "empty").is_dir(), "the empty folder")
    os.rename(first.root / "data", first.root / "inputs")
    eventually(lambda: second.read("inputs/raw/a.csv") == "1,2\n", "the folder's new name")
    eventually(lambda: second.read("inputs/b.csv") == "3,4\n", "its neighbour under the new name")
    eventually(lambda: not (second.root / "data" / "b.csv").exists(), "the old name to go")
    shutil.rmtree(second.root / "inputs")
    eventually(lambda: not (first.root / "inputs" / "b.csv").exists(), "the files to go")
    assert not (stock_server.root / "inputs" / "b.csv").exists()


@pytest.mark.long
async def test_a_rename_on_the_hosts_disk_keeps_the_document(new_folder: NewFolder):
    host = new_folder("host")
    host.write("old.txt", "one\n")
    host.start()
    async with RoomPerson.joined(host.address, "old.txt") as grace:
        await grace.type("two\n")
        await eventually_async(lambda: host.read("old.txt") == "one\ntwo\n", "the disk to follow")
        os.rename(host.root / "old.txt", host.root / "new.txt")
        async with ServerClient(host.address) as client:
            file_id = grace.room.room_id.rpartition(":")[2]

            async def new_path() -> str | None:
                return await client.path_of(file_id)

            async with asyncio.timeout(60.0):
                while await new_path() != "new.txt":
                    await asyncio.sleep(0.05)
        await grace.type("three\n")
        await eventually_async(
            lambda: host.read("new.txt") == "one\ntwo\nthree\n", "the same room, the new name"
        )
    assert not (host.root / "old.txt").exists()


async def test_a_rename_in_jupyterlab_keeps_the_document_here(new_folder: NewFolder):
    host, guest = new_folder("host"), new_folder("guest")
    host.write("old.txt", "one\n")
    host.start()
    guest.start("--server", host.address.url, token=host.address.token.reveal())
    async with (
        RoomPerson.joined(host.address, "old.txt") as grace,
        ServerClient(host.address) as client,
    ):
        await client.rename("old.txt", "new.txt")
        for folder in (host, guest):
            await eventually_async(
                lambda folder=folder: folder.read("new.txt") == "one\n", "the new name"
            )
        await grace.type("two\n")
        for folder in (host, guest):
            await eventually_async(
                lambda folder=folder: folder.read("new.txt") == "one\ntwo\n", "the edit in it"
            )
            assert not (folder.root / "old.txt").exists()
