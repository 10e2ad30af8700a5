"""The server that rtcd brings along."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from rtcd.errors import RtcdError
from rtcd.places import Places
from rtcd.server import launch, server_config
from rtcd.server.launch import find_embedded, start_server, stop_server
from rtcd.server.private_file import read_private, write_private
from rtcd.server.process_identity import ProcessIdentity
from rtcd.server.server_config import server_arguments, server_environment
from rtcd.server.server_record import ServerRecord, record_file


@pytest.fixture
def places(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="rt-") as made:
        home = Path(made).resolve()
        for name in ("XDG_STATE_HOME", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
            monkeypatch.setenv(name, str(home / name))
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        (home / "p").mkdir()
        yield Places.of(home / "p")


@pytest.fixture
async def stopping(places):
    """Ends whatever server the test left."""
    yield
    running = await find_embedded(places)
    if running is not None:
        await stop_server(running, places)


@pytest.mark.end_to_end
async def test_a_server_starts_once_is_found_again_and_stops(places, stopping):
    first, second = await asyncio.gather(start_server(places), start_server(places))
    assert first.pid == second.pid
    assert await find_embedded(places) == first
    assert first.address.token.reveal() == places.token_file.read_text()
    assert places.token_file.stat().st_mode & 0o777 == 0o600
    assert os.getsid(first.pid) == first.pid
    assert record_file(places).stat().st_mode & 0o777 == 0o600
    await stop_server(first, places)
    assert ProcessIdentity.of(first.pid) is None
    assert await find_embedded(places) is None
    assert list(places.project.iterdir()) == []


@pytest.mark.end_to_end
async def test_a_server_outlives_the_one_that_started_it(places, stopping):
    script = (
        "import asyncio,sys;from pathlib import Path;from rtcd.places import Places;"
        "from rtcd.server.launch import start_server;"
        "print(asyncio.run(start_server(Places.of(Path(sys.argv[1])))).pid)"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script, str(places.project)],
        capture_output=True,
        text=True,
        check=True,
    )
    running = await find_embedded(places)
    assert running is not None
    assert running.pid == int(done.stdout)
    assert (await start_server(places)).pid == running.pid


@pytest.mark.end_to_end
async def test_a_killed_server_is_replaced(places, stopping):
    first = await start_server(places)
    os.kill(first.pid, signal.SIGKILL)
    second = await start_server(places)
    assert second.pid != first.pid


@pytest.mark.end_to_end
async def test_a_port_in_use_is_an_error_that_says_so(places):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RtcdError, match=str(port)) as raised:
            await start_server(places, port=port)
    assert raised.value.code == "server-start"
    assert "server.log" in raised.value.hint
    assert await find_embedded(places) is None


@pytest.mark.end_to_end
async def test_the_users_own_configuration_counts_except_where_it_must_not(places, stopping):
    """Kernels and settings are theirs; address, disk and security are the project's."""
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir()
    (config / "jupyter_server_config.json").write_text(
        json.dumps(
            {
                "ServerApp": {
                    "ip": "0.0.0.0",
                    "allow_origin": "*",
                    "root_dir": "/",
                    "base_url": "/elsewhere/",
                    "terminals_enabled": False,
                    "jpserver_extensions": {"jupyter_server_ydoc": True, "rtcd.extension": False},
                    "tornado_settings": {"headers": {"X-Own": "yes"}},
                },
                "IdentityProvider": {"token": "fixed-by-the-user"},
            }
        )
    )
    running = await start_server(places)
    assert running.address.token.reveal() == "fixed-by-the-user"
    assert places.token_file.read_text() == "fixed-by-the-user"
    async with httpx.AsyncClient(
        timeout=60, headers={"Authorization": "token fixed-by-the-user"}
    ) as http:
        reply = await http.get(running.address.url + "rtcd/about")
        terminals = await http.get(running.address.url + "api/terminals")
    async with httpx.AsyncClient(
        timeout=60, headers={"Origin": "https://evil.example"}
    ) as stranger:
        foreign = await stranger.get(running.address.url + "api")
    assert reply.json()["root_id"] == places.project_id
    assert reply.headers["X-Own"] == "yes"
    assert terminals.status_code == 404
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert running.address.url.startswith("http://127.0.0.1:")


@pytest.mark.long
async def test_an_exported_notebook_runs_in_a_sandbox_of_its_own(places, stopping):
    """What a notebook says in HTML must not act as the page of the server that exports it."""
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "<script>1</script>"}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (places.project / "n.ipynb").write_text(json.dumps(notebook))
    running = await start_server(places)
    token = running.address.token.reveal()
    async with httpx.AsyncClient(timeout=60, headers={"Authorization": f"token {token}"}) as http:
        reply = await http.get(running.address.url + "nbconvert/html/n.ipynb")
    assert reply.status_code == 200
    policy = reply.headers["Content-Security-Policy"].split(";")
    assert [rule.strip() for rule in policy if "sandbox" in rule] == ["sandbox allow-scripts"]


async def test_a_number_used_again_by_another_process_is_not_taken_for_the_server(places):
    write_state(places, ServerRecord(os.getpid(), "0", "http://127.0.0.1:9/", "log"))
    assert await find_embedded(places) is None


async def test_a_living_process_that_does_not_answer_as_the_server_is_not_it(places, monkeypatch):
    monkeypatch.setattr(launch, "CONFIRM_TIMEOUT_SECONDS", 0.2)
    own = ProcessIdentity.of(os.getpid())
    assert own is not None
    write_state(places, ServerRecord(own.pid, own.started, "http://127.0.0.1:9/", "log"))
    assert await find_embedded(places) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x"}'])
async def test_a_note_that_is_no_good_is_no_server(places, text):
    write_state(places, None)
    write_private(record_file(places), text)
    assert await find_embedded(places) is None


async def test_a_token_that_others_can_read_is_refused(places):
    write_state(places, ServerRecord(1, "0", "http://127.0.0.1:9/", "log"))
    places.token_file.chmod(0o644)
    with pytest.raises(RtcdError, match="not private"):
        await find_embedded(places)


async def test_a_missing_extra_is_told_with_the_line_to_run(places, monkeypatch):
    monkeypatch.setattr(server_config, "NEEDED_MODULES", ("jupyter_server", "no_such_module_x"))
    with pytest.raises(RtcdError, match="no_such_module_x") as raised:
        await start_server(places)
    assert raised.value.code == "missing-extra"
    assert "pip install 'rtcd[server]'" in raised.value.hint


def test_the_command_line_is_safe_and_holds_no_secret(places):
    line = server_arguments(places, port=0)
    for word in (
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.allow_remote_access=False",
        "--ServerApp.allow_origin=",
        f"--ServerApp.root_dir={places.project}",
        f"--ServerApp.allow_root={os.geteuid() == 0}",
        "--FileContentsManager.delete_to_trash=False",
        "--ServerApp.jpserver_extensions=rtcd.extension=True",
        "--ServerApp.jpserver_extensions=jupyter_server_ydoc=False",
        "--ServerApp.jpserver_extensions=jupytext=False",
    ):
        assert word in line
    assert not any("token" in word.lower() for word in line)


@pytest.mark.parametrize("lab", [True, False])
def test_without_jupyterlab_the_server_has_no_page_of_it(places, monkeypatch, lab):
    monkeypatch.setattr(server_config, "has_lab", lambda: lab)
    line = server_arguments(places, port=0)
    assert ("--ServerApp.default_url=/lab" in line) is lab
    assert ("--ServerApp.jpserver_extensions=jupyterlab=True" in line) is lab


def test_tokens_of_others_are_not_handed_on(places):
    found = server_environment(
        places, {"PATH": "/bin", "RTCD_TOKEN": "a", "JUPYTER_TOKEN": "b", "JUPYTER_PATH": "/k"}
    )
    assert found == {
        "PATH": "/bin",
        "JUPYTER_PATH": "/k",
        "JUPYTER_TOKEN_FILE": str(places.token_file),
    }


def test_a_private_file_replaces_a_link_and_is_not_written_through_it(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "token").symlink_to(victim)
    with pytest.raises(RtcdError):
        read_private(tmp_path / "token")
    write_private(tmp_path / "token", "t")
    assert (read_private(tmp_path / "token"), victim.read_text()) == ("t", "mine")


def test_a_process_and_its_remains_are_told_apart():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = ProcessIdentity.of(child.pid)
    assert identity is not None
    assert identity.is_alive()
    child.stdin.close()
    while identity.is_alive():
        time.sleep(0.01)
    child.wait()
    assert ProcessIdentity.of(child.pid) is None
    assert ProcessIdentity.of(0) is None


def write_state(places, record):
    places.state.mkdir(parents=True, mode=0o700)
    write_private(places.token_file, "t")
    if record is not None:
        record.write(places)
