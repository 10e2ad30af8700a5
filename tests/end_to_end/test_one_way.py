"""Folders that only receive, and folders that only send."""

from __future__ import annotations

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from end_to_end.stock_server import StockServer
from rtcd.server.address import ServerAddress

pytestmark = [pytest.mark.end_to_end]


def state_of(folder: RtcdFolder, path: str) -> tuple[str, str | None] | None:
    found = {file["path"]: file for file in folder.status()["files"]}.get(path)
    return (found["state"], found["reason"]) if found else None


async def test_a_folder_that_only_receives_sends_nothing(
    stock_server: StockServer, new_folder: NewFolder
):
    served = stock_server.root
    for name in ("shared.txt", "other.txt", "deleted.txt"):
        (served / name).write_text("theirs\n")
    folder = new_folder("reader")
    folder.start("--server", stock_server.url, "--receive-only", token=stock_server.token)
    eventually(lambda: folder.read("deleted.txt") == "theirs\n", "the files to come")

    folder.write("shared.txt", "theirs\nmine\n")
    folder.write("new.txt", "mine\n")
    (folder.root / "deleted.txt").unlink()
    held = ("held", "receive-only")
    eventually(lambda: state_of(folder, "shared.txt") == held, "the changed file to be held")
    eventually(lambda: state_of(folder, "new.txt") == held, "the new file to be held")
    eventually(lambda: folder.read("deleted.txt") == "theirs\n", "the deleted file to come back")

    address = ServerAddress.parse(stock_server.url, stock_server.token)
    async with RoomPerson.joined(address, "other.txt") as person:
        await person.type("more\n")
        await eventually_async(
            lambda: folder.read("other.txt") == "theirs\nmore\n", "what others typed to come"
        )
    assert folder.read("shared.txt") == "theirs\nmine\n"
    assert (served / "shared.txt").read_text() == "theirs\n"
    assert not (served / "new.txt").exists()

    folder.write("shared.txt", "theirs\n")
    eventually(
        lambda: (state_of(folder, "shared.txt") or [""])[0] == "synced",
        "the undone change to count",
    )


@pytest.mark.long
async def test_a_folder_that_only_sends_changes_nothing_here(
    stock_server: StockServer, new_folder: NewFolder
):
    served = stock_server.root
    (served / "theirs.txt").write_text("theirs\n")
    folder = new_folder("writer")
    folder.write("mine.txt", "one\n")
    folder.write("both.txt", "one\n")
    folder.start("--server", stock_server.url, "--send-only", token=stock_server.token)
    folder.write("mine.txt", "one\ntwo\n")
    eventually(lambda: (served / "mine.txt").read_text() == "one\ntwo\n", "the save to arrive")

    address = ServerAddress.parse(stock_server.url, stock_server.token)
    async with RoomPerson.joined(address, "both.txt") as person:
        await person.type("theirs\n")
        held = ("held", "send-only")
        await eventually_async(lambda: state_of(folder, "both.txt") == held, "it to be held")
        folder.write("both.txt", "zero\none\n")
        await eventually_async(
            lambda: person.text == "zero\none\ntheirs\n", "both edits to be in the room"
        )
    assert folder.read("both.txt") == "zero\none\n"
    assert not (folder.root / "theirs.txt").exists()


@pytest.mark.parametrize("options", [("--receive-only",), ("--send-only", "--receive-only")])
def test_one_way_needs_somebody_elses_server(new_folder: NewFolder, options: tuple[str, ...]):
    done = new_folder("alone").command("start", *options)
    assert done.returncode == 2
    assert "--receive-only" in done.stderr
