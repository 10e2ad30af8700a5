"""Servers that rtcd did not start: someone's own, with the extension enabled by hand."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time

import httpx
import pytest

from extension.room_client import headers, joined, until
from rtcd.places import Places
from rtcd.server.find import choose_server, find_servers, runtime_notes

pytestmark = pytest.mark.end_to_end


class OwnServer:
    """``python -m jupyter_server`` as a person would start it."""

    def __init__(self, root, log, *arguments):
        self.root, self.log = root, log
        self._output = log.open("wb")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", f"--ServerApp.root_dir={root}"),
                *("--no-browser", "--ServerApp.port=0", "--ServerApp.allow_root=True"),
                "--ServerApp.jpserver_extensions=jupyterlab=False",
                *arguments,
            ],
            cwd=root,
            stdout=self._output,
            stderr=self._output,
        )

    async def address(self):
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up:
            for note in runtime_notes():
                if note.pid == self._process.pid and await self._answers(note.address):
                    return note.address
            await asyncio.sleep(0.05)
        raise AssertionError(self.log.read_text())

    async def _answers(self, address):
        async with httpx.AsyncClient(timeout=60, headers=headers(address)) as http:
            try:
                return (await http.get(address.url + "api/status")).status_code == 200
            except httpx.HTTPError:
                return False

    def stop(self, number=signal.SIGTERM):
        self._process.send_signal(number)
        self._process.wait(15)
        self._output.close()


@pytest.fixture
def own_server(private_home, tmp_path):
    made = []

    def start(*arguments):
        root = tmp_path / "own"
        root.mkdir(exist_ok=True)
        made.append(OwnServer(root, tmp_path / f"log{len(made)}", *arguments))
        return made[-1]

    yield start
    for server in made:
        if server._process.poll() is None:
            server.stop()


ENABLED = "--ServerApp.jpserver_extensions=rtcd.extension=True"
STOCK_OFF = "--ServerApp.jpserver_extensions=jupyter_server_ydoc=False"


@pytest.mark.parametrize(
    "stock_off",
    [
        pytest.param(True, id="as documented"),
        pytest.param(False, id="both enabled", marks=pytest.mark.long),
    ],
)
async def test_the_extension_wins_in_a_server_of_ones_own(own_server, stock_off):
    """With both enabled the stock one would load first and answer; it is left out, with a word."""
    server = own_server(ENABLED, *([STOCK_OFF] if stock_off else []))
    file = server.root / "a.txt"
    file.write_text("one\n")
    address = await server.address()
    async with joined(address, "a.txt") as room:
        file.write_text("from outside\n")
        await asyncio.sleep(1.6)
        assert room.content == "one\n"
        room.text += "typed\n"
        assert await room.save() == "failed"
        assert file.read_text() == "from outside\n"
    log = server.log.read_text()
    assert ("jupyter server extension disable jupyter_server_ydoc" in log) is not stock_off
    assert "Traceback" not in log.replace("KeptAsideError", "").split("Error saving file")[0]
    found = await find_servers(server.root)
    assert [(f.prefix, f.extension, f.embedded) for f in found] == [("", True, False)]
    assert choose_server(found) == found[0]


@pytest.mark.long
async def test_a_server_of_ones_own_keeps_the_update_store_out_of_the_project(own_server):
    server = own_server(ENABLED, STOCK_OFF)
    (server.root / "a.txt").write_text("one\n")
    address = await server.address()
    async with joined(address, "a.txt") as room:
        room.text += "typed\n"
        assert await room.save() == "success"
    assert [file.name for file in server.root.iterdir()] == ["a.txt"]
    assert (Places.of(server.root).jupyter / "updates.db").stat().st_mode & 0o777 == 0o600


async def test_what_was_typed_just_before_the_end_of_the_server_is_saved(own_server):
    """Upstream cancels the pending save; 0.2 s of typing were lost."""
    server = own_server(ENABLED, STOCK_OFF)
    file = server.root / "a.txt"
    file.write_text("one\n")
    address = await server.address()
    async with joined(address, "a.txt") as room, joined(address, "a.txt") as second:
        room.text += "typed\n"
        await until(lambda: second.content == "one\ntyped\n")
        assert file.read_text() == "one\n"
        await asyncio.to_thread(server.stop)
    assert file.read_text() == "one\ntyped\n"


async def test_a_stock_server_on_the_folder_is_refused_with_two_ways_out(own_server):
    server = own_server()
    await server.address()
    found = await find_servers(server.root)
    with pytest.raises(Exception, match="without rtcd's extension") as refused:
        choose_server(found)
    assert refused.value.code == "no-extension"
    assert "jupyter server extension enable rtcd.extension" in refused.value.hint
    assert "stop it" in refused.value.hint


@pytest.mark.long
async def test_a_server_above_the_folder_serves_it_under_a_longer_name(own_server):
    server = own_server(ENABLED, STOCK_OFF)
    inner = server.root / "a" / "project"
    inner.mkdir(parents=True)
    hidden = server.root / ".hidden" / "project"
    hidden.mkdir(parents=True)
    await server.address()
    (found,) = await find_servers(inner)
    assert (found.root, found.prefix) == (server.root.resolve(), "a/project")
    assert await find_servers(hidden) == []


@pytest.mark.long
async def test_squashing_which_destroys_documents_is_switched_off(own_server):
    server = own_server(ENABLED, STOCK_OFF, "--SQLiteYStore.squash_after_inactivity_of=1")
    (server.root / "a.txt").write_text("one\n")
    address = await server.address()
    async with joined(address, "a.txt"):
        pass
    assert "squash_after_inactivity_of was ignored" in server.log.read_text()


@pytest.mark.long
async def test_a_daemon_of_an_inner_project_is_asked_for_its_files_only(own_server):
    from extension.fake_daemon import daemon

    server = own_server(ENABLED, STOCK_OFF)
    inner = server.root / "inner"
    inner.mkdir()
    (inner / "in.txt").write_text("one\n")
    (server.root / "out.txt").write_text("one\n")
    address = await server.address()
    async with daemon(Places.of(inner)) as requests:
        async with joined(address, "inner/in.txt") as room:
            room.text += "typed\n"
            assert await room.save() == "success"
        async with joined(address, "out.txt") as room:
            room.text += "typed\n"
            assert await room.save() == "success"
        assert requests == [{"command": "flush", "arguments": {"path": "in.txt"}}]
    assert (inner / "in.txt").read_text() == "one\n"
    assert (server.root / "out.txt").read_text() == "one\ntyped\n"
