"""A server that comes back with less than it had saved: what it lost returns, once, and is told."""

from __future__ import annotations

import json

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RtcdFolder, eventually
from end_to_end.stock_server import StockServer

pytestmark = [pytest.mark.end_to_end]

OLD = "# Plan\n\nfirst point\n"
NEW = OLD + "second point, saved by everybody\n"


def attach(folder: RtcdFolder, server: StockServer) -> None:
    folder.start("--server", server.url, token=server.token)
    folder.wait()


def reasons(folder: RtcdFolder) -> list[str]:
    listed = json.loads(folder.command("conflicts", "--json").stdout)["conflicts"]
    return [conflict["reason"] for conflict in listed]


def test_what_a_server_lost_that_it_had_saved_comes_back_once_and_is_recorded(
    new_folder: NewFolder, stock_server: StockServer
):
    first, second = new_folder("first"), new_folder("second", name="Grace Hopper")
    first.write("plan.md", OLD)
    attach(first, stock_server)
    attach(second, stock_server)
    first.write("plan.md", NEW)
    eventually(lambda: second.read("plan.md") == NEW, "the other folder")
    for folder in (first, second):
        folder.wait()
    served = stock_server.root / "plan.md"
    assert served.read_text() == NEW
    stock_server.stop()
    served.write_text(OLD)
    stock_server.start()
    eventually(lambda: served.read_text() == NEW, "the server to have it again", seconds=60)
    for folder in (first, second):
        folder.wait()
        assert folder.read("plan.md") == NEW
    assert served.read_text() == NEW
    assert sorted(reasons(first) + reasons(second)) == ["server-rollback"]


@pytest.mark.long
def test_an_older_version_that_somebody_chose_is_no_rollback(
    new_folder: NewFolder, stock_server: StockServer
):
    """The server has never gone away, so its file is what people want."""
    guest = new_folder("guest")
    guest.write("plan.md", OLD)
    attach(guest, stock_server)
    guest.write("plan.md", NEW)
    guest.wait()
    other = new_folder("other", name="Grace Hopper")
    attach(other, stock_server)
    other.write("plan.md", OLD)
    eventually(lambda: guest.read("plan.md") == OLD, "the choice of the other")
    assert reasons(guest) + reasons(other) == []
