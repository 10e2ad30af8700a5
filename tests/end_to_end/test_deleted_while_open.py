"""A file is deleted through the server while somebody has it open in a browser."""

from __future__ import annotations

import httpx
import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]


async def delete(folder: RtcdFolder, name: str) -> None:
    """What JupyterLab's file browser does."""
    address = folder.address
    headers = {"Authorization": f"token {address.token.reveal()}"}
    async with httpx.AsyncClient(headers=headers, verify=False, timeout=60) as http:
        (await http.delete(f"{address.url}api/contents/{name}")).raise_for_status()


async def test_made_again_by_an_editor_it_goes_on_in_the_room_of_the_open_tab(host: RtcdFolder):
    host.write("notes.txt", "one\ntwo\n")
    host.start()
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        await delete(host, "notes.txt")
        host.write("notes.txt", "ONE\ntwo\n")
        await eventually_async(lambda: grace.text == "ONE\ntwo\n", "the tab to follow")
        await grace.type("three\n")
        wanted = "ONE\ntwo\nthree\n"
        await eventually_async(lambda: host.read("notes.txt") == wanted, "the disk to follow")
        host.write("notes.txt", wanted + "four\n")
        await eventually_async(lambda: grace.text == wanted + "four\n", "the tab to follow")
    host.wait()
    assert host.status()["state"] == "synced"


async def test_typed_in_afterwards_it_is_there_again_for_everybody(
    host: RtcdFolder, new_folder: NewFolder
):
    host.write("notes.txt", "one\n")
    host.start()
    guest = new_folder("guest", name="Joan Clarke")
    guest.start("--server", host.address.url, token=host.address.token.reveal())
    await eventually_async(lambda: (guest.root / "notes.txt").exists(), "the guest to have it")
    async with RoomPerson.joined(host.address, "notes.txt") as grace:
        await delete(host, "notes.txt")
        await grace.type("two\n")
        for folder in (host, guest):
            file = folder.root / "notes.txt"
            await eventually_async(
                lambda file=file: file.exists() and file.read_text() == "one\ntwo\n", str(file)
            )
        guest.write("notes.txt", "one\ntwo\nthree\n")
        await eventually_async(lambda: grace.text == "one\ntwo\nthree\n", "the tab to follow")
    host.wait()
    assert host.status()["state"] == "synced"
