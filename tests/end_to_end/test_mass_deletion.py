"""Many files that vanish at once are an accident until a person says otherwise."""

from __future__ import annotations

import json

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RtcdFolder, eventually
from end_to_end.stock_server import StockServer

pytestmark = [pytest.mark.end_to_end]

NAMES = [f"file{number:02}.txt" for number in range(30)]


def a_guest_that_lost_everything(new_folder: NewFolder, server: StockServer) -> RtcdFolder:
    guest = new_folder("guest")
    for name in NAMES:
        guest.write(name, f"text of {name}\n")
    guest.start("--server", server.url, token=server.token)
    for name in NAMES:
        (guest.root / name).unlink()
    eventually(lambda: guest.status()["state"] == "halted", "the halt")
    return guest


def on_server(server: StockServer) -> list[str]:
    return sorted(file.name for file in server.root.glob("*.txt"))


def test_mass_loss_halts_and_restore_puts_the_files_back(
    new_folder: NewFolder, stock_server: StockServer
):
    guest = a_guest_that_lost_everything(new_folder, stock_server)
    assert on_server(stock_server) == NAMES
    problems = guest.status()["problems"]
    assert [problem["code"] for problem in problems] == ["mass-deletion"]
    assert "rtcd resume" in problems[0]["hint"]
    assert guest.command("resume", "--restore").returncode == 0
    for name in NAMES:
        assert guest.read(name) == f"text of {name}\n"
    eventually(lambda: guest.status()["state"] == "synced", "all to be in sync again")
    assert on_server(stock_server) == NAMES


@pytest.mark.long
def test_mass_loss_that_is_meant_is_carried_on_after_apply(
    new_folder: NewFolder, stock_server: StockServer
):
    guest = a_guest_that_lost_everything(new_folder, stock_server)
    done = guest.command("status", "--check", "--json")
    assert (done.returncode, json.loads(done.stdout)["state"]) == (1, "halted")
    assert guest.command("resume", "--apply").returncode == 0
    eventually(lambda: on_server(stock_server) == [], "the deletions to be carried on")
