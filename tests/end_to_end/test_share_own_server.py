"""Sharing on the network from a server that rtcd did not start."""

from __future__ import annotations

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import eventually
from end_to_end.stock_server import StockServer
from end_to_end.test_share_and_join import offered, url_of
from end_to_end.test_shared_folder import WITH_EXTENSION, beside

pytestmark = [pytest.mark.end_to_end, pytest.mark.long, pytest.mark.timeout(300)]

WITH_GUESTS = WITH_EXTENSION | {
    "identity_provider_class": "rtcd.extension.guests.GuestIdentityProvider"
}
PATIENCE = 60.0


def test_a_server_of_ones_own_is_shared(new_folder: NewFolder):
    """One setting lets guests in; the server's own people and its restart are not disturbed."""
    host, guest = new_folder("mine"), new_folder("guest", name="Grace Hopper")
    host.write("a.txt", "one\n")
    with StockServer(host.root, ServerApp=WITH_GUESTS) as server:
        started = beside(host, server).start()
        assert started["server"]["mode"] == "shared-folder"
        code = offered(host)
        done = guest.command("join", url_of(host), "--name", guest.name, token=code)
        assert done.returncode == 0, (done.stdout, done.stderr, guest.log(), server.log)
        guest.started = {"joined": True}
        assert guest.read("a.txt") == "one\n"
        guest.write("a.txt", "one\ntwo\n")
        eventually(lambda: host.read("a.txt") == "one\ntwo\n", "the guest's save", PATIENCE)
        host.write("a.txt", "zero\none\ntwo\n")
        eventually(lambda: guest.read("a.txt") == "zero\none\ntwo\n", "the host's save", PATIENCE)

        server.restart()
        guest.write("b.txt", "after the restart\n")
        eventually(lambda: host.read("b.txt") == "after the restart\n", "the guest again", PATIENCE)

        assert host.command("share", "--revoke", "Grace Hopper").returncode == 0
        eventually(lambda: guest.status()["state"] == "offline", "the guest to be out", PATIENCE)
        eventually(lambda: host.status()["state"] == "synced", "the host in sync", PATIENCE)
        assert host.command("share", "--stop").returncode == 0
        host.stop()
        assert server.process is not None
        assert server.process.poll() is None, "somebody's server is not ours to stop"


def test_a_server_that_knows_no_guests_says_which_setting_is_missing(new_folder: NewFolder):
    host = new_folder("mine")
    host.write("a.txt", "one\n")
    with StockServer(host.root, ServerApp=WITH_EXTENSION) as server:
        beside(host, server).start()
        done = host.command("share")
        assert done.returncode == 1
        assert "GuestIdentityProvider" in done.stderr
        eventually(lambda: host.status()["state"] == "synced", "the host in sync", PATIENCE)
