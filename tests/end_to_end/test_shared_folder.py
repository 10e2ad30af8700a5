"""A folder that somebody's own Jupyter server serves already."""

from __future__ import annotations

import json

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async
from end_to_end.stock_server import StockServer

pytestmark = [pytest.mark.end_to_end]

WITH_EXTENSION = {"jpserver_extensions": {"rtcd.extension": True, "jupyter_server_ydoc": False}}


def beside(folder: RtcdFolder, server: StockServer) -> RtcdFolder:
    """The folder's user sees the server's runtime file, as on one machine."""
    folder.runtime = server.home / "runtime"
    return folder


def test_a_server_without_the_extension_is_refused_with_the_two_ways_out(new_folder: NewFolder):
    folder = new_folder("mine")
    folder.write("a.txt", "one\n")
    with StockServer(folder.root) as server:
        beside(folder, server)
        for arguments in ((), ("--server", server.url)):
            done = folder.command("start", "--json", *arguments, token=server.token)
            error = json.loads(done.stdout)["error"]
            assert done.returncode != 0
            assert error["code"] == "no-extension"
            assert "jupyter server extension enable rtcd.extension" in error["hint"]
            assert "stop it" in error["hint"]
        assert folder.read("a.txt") == "one\n"


async def test_a_server_with_the_extension_is_used(new_folder: NewFolder):
    folder = new_folder("mine")
    folder.write("a.txt", "one\n")
    with StockServer(folder.root, ServerApp=WITH_EXTENSION) as server:
        started = beside(folder, server).start()
        assert started["server"]["mode"] == "shared-folder"
        assert started["server"]["url"] == server.url
        async with RoomPerson.joined(folder.address, "a.txt") as grace:
            await grace.type("two\n")
            await eventually_async(lambda: folder.read("a.txt") == "one\ntwo\n", "the disk")
            folder.write("a.txt", "zero\none\ntwo\n")
            await eventually_async(lambda: grace.text == "zero\none\ntwo\n", "the room")
        folder.stop()
        assert server.process is not None
        assert server.process.poll() is None, "somebody's server is not ours to stop"
