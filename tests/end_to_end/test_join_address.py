"""Joining beyond the network: any server, a hub's shape of address, tokens that are kept."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest

from end_to_end.project_folder import RtcdFolder, eventually
from end_to_end.stock_server import StockServer

pytestmark = [pytest.mark.end_to_end]


def failed(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    return done.returncode, done.stderr


@pytest.fixture
def hub(workplace):
    """A single-user server as it stands behind a hub: below /user/NAME/, with an API token."""
    root = workplace / "served"
    (root / "thesis").mkdir(parents=True)
    (root / "thesis" / "a.txt").write_text("one\n")
    with StockServer(root, base_url="/user/ada/") as server:
        yield server


def test_a_hubs_address_with_a_kept_token_joins_and_comes_back(new_folder, hub):
    guest: RtcdFolder = new_folder("guest", name="Grace Hopper")
    wrong = guest.command("login", hub.url, token="not-the-token")
    assert wrong.returncode == 3
    kept = guest.command("login", hub.url + "lab/tree/x", "--json", token=hub.token)
    assert kept.returncode == 0, kept.stderr
    assert json.loads(kept.stdout)["url"] == hub.url
    [file] = (guest.home / "state" / "rtcd" / "logins").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    done = guest.command("join", hub.url, "--remote-path", "thesis", "--name", guest.name)
    assert done.returncode == 0, (done.stdout, done.stderr, guest.log())
    guest.started = {"joined": True}
    assert guest.read("a.txt") == "one\n"
    guest.write("b.txt", "new\n")
    eventually(lambda: (hub.root / "thesis" / "b.txt").exists(), "the new file on the server")
    guest.stop()
    guest.start()
    assert guest.status()["server"] == {
        "url": hub.url,
        "mode": "remote",
        "connected": True,
        "software": guest.status()["server"]["software"],
    }
    assert failed(guest.command("leave"))[0] == 2, "not while it is in use"
    guest.stop()
    assert guest.command("leave").returncode == 0
    assert json.loads(guest.command("leave", "--json").stdout)["left"] is False
    assert guest.command("logout", hub.url).returncode == 0
    assert not file.exists()
    assert hub.token not in guest.log()
    assert not any(hub.token in text for text in texts_below(guest.root))


def texts_below(folder: Path) -> list[str]:
    return [file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["join", "http://hub.example.org/user/ada/"], 2, "in the open"),
        (["join", "https://hub.example.org/hub/home"], 2, "the address of a hub"),
        (["join", "7-guitar-honey"], 2, "not a code"),
        (["join", "7-guitra-honey-otter"], 2, "Did you mean 'guitar'?"),
        (["join"], 2, "no code was given"),
        (["join", "7-guitar-honey-otter", "--remote-path", "x"], 2, "go with an address"),
        (["login", "http://hub.example.org/"], 2, "in the open"),
        (["start", "--server", "http://hub.example.org/"], 2, "in the open"),
        (["start", "--server", "http://192.0.2.7:8888/?token=a-token"], 2, "in the open"),
        (["start", "--allow-http"], 2, "--allow-http needs --server"),
        (["start", "--server", "http://127.0.0.1:1/", "--allow-http"], 3, "does not answer"),
        (["join", "https://127.0.0.1:1/"], 3, "nobody answers"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_work_is_told_before_anything_is_sent(new_folder, words, exit_code, said):
    done = new_folder("guest").command(*words, token="a-token")
    assert (done.returncode, said in done.stderr) == (exit_code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert "a-token" not in done.stdout + done.stderr


def test_a_folder_with_files_in_it_has_to_be_named(new_folder):
    guest = new_folder("guest")
    guest.write("private.txt", "mine\n")
    done = guest.command("join", "7-guitar-honey-otter")
    assert (done.returncode, "is not empty" in done.stderr) == (2, True)
    assert not (guest.root / ".rtcd").exists()


def test_a_join_that_fails_leaves_no_daemon_and_no_traces_behind(new_folder):
    guest = new_folder("guest")
    done = guest.command("join", "https://127.0.0.1:1/", "--key", "0" * 32, token="a-token")
    assert done.returncode == 3
    assert guest.command("status").returncode == 3
    assert list(guest.root.iterdir()) == []
