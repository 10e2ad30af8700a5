"""``rtcd wait`` ends well only when the server has said, after the call, that all is the same."""

from __future__ import annotations

import signal

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import eventually
from end_to_end.stock_server import StockServer

pytestmark = [pytest.mark.end_to_end]


def test_wait_does_not_believe_a_connection_that_only_looks_well(
    new_folder: NewFolder, stock_server: StockServer
):
    """Stopped in its tracks a server keeps its connections, as one that sleeps does."""
    guest = new_folder("guest")
    guest.write("a.txt", "one\n")
    guest.start("--server", stock_server.url, token=stock_server.token)
    guest.wait()
    assert stock_server.process is not None
    stock_server.process.send_signal(signal.SIGSTOP)
    try:
        for words in ((), ("a.txt",)):
            done = guest.command("wait", "--timeout", "0", *words)
            assert (done.returncode, "the server does not answer" in done.stderr) == (1, True)
        (stock_server.root / "b.txt").write_text("made while nobody was told\n")
    finally:
        stock_server.process.send_signal(signal.SIGCONT)
    guest.wait()
    assert guest.read("b.txt") == "made while nobody was told\n"

    guest.write("a.txt", "one\ntwo\n")
    guest.wait()
    assert guest.status()["files"][0]["live"], "its room is open"
    stock_server.stop()
    eventually(lambda: guest.status()["state"] == "offline", "the guest to notice")
    told = guest.command("status").stdout
    assert "Your saves     none waiting\n" in told
    assert "Their changes  unknown while not connected\n" in told
    done = guest.command("wait", "--timeout", "0")
    assert (done.returncode, "the server does not answer" in done.stderr) == (1, True)
    stock_server.start()
    guest.wait()
    stock_server.stop()
    eventually(lambda: guest.status()["state"] == "offline", "the guest to notice again")
    guest.write("a.txt", "one\ntwo\nthree\n")
    eventually(
        lambda: "1 waiting for the server: a.txt" in guest.command("status").stdout, "the save"
    )
