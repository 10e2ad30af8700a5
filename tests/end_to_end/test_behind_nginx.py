"""A server below a base URL, behind the nginx that ``docs/scaling.md`` recommends."""

from __future__ import annotations

import ssl
import urllib.request

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.nginx import PROGRAM, Nginx, server_settings
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from end_to_end.stock_server import StockServer
from end_to_end.test_shared_folder import beside
from rtcd.server.address import ServerAddress

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed (apt install nginx-light)"),
]
PATIENCE = 120.0
LARGE = "a line of a file that is larger than what nginx takes unasked\n" * 60_000


@pytest.fixture
def host(new_folder: NewFolder) -> RtcdFolder:
    return new_folder("host")


@pytest.fixture
def server(host: RtcdFolder):
    settings = server_settings()
    base_url = settings.pop("base_url")
    with StockServer(host.root, base_url=base_url, ServerApp=settings) as started:
        yield started


@pytest.fixture
def nginx(workplace, server: StockServer, monkeypatch: pytest.MonkeyPatch):
    with Nginx(workplace / "nginx", server.port) as started:
        monkeypatch.setenv("SSL_CERT_FILE", str(started.certificate))
        yield started


def joined(guest: RtcdFolder, url: str, server: StockServer, nginx: Nginx) -> None:
    done = guest.command("join", url, "--name", guest.name, token=server.token)
    assert done.returncode == 0, (done.stdout, done.stderr, guest.log(), nginx.log)
    guest.started = {"joined": True}


async def test_host_guest_and_browser_work_together_through_the_proxy(
    new_folder: NewFolder, host: RtcdFolder, server: StockServer, nginx: Nginx
):
    host.write("a.txt", "one\n")
    assert beside(host, server).start()["server"]["mode"] == "shared-folder"
    guest = new_folder("guest", name="Grace Hopper")
    url = f"https://127.0.0.1:{nginx.port}{server.base_url}"
    joined(guest, url + "lab/tree/a.txt", server, nginx)
    assert guest.read("a.txt") == "one\n"

    async with RoomPerson.joined(ServerAddress.parse(url, server.token), "a.txt") as browser:
        guest.write("a.txt", "one\nby the guest\n")
        await eventually_async(
            lambda: browser.text == host.read("a.txt") == "one\nby the guest\n", "guest", PATIENCE
        )
        host.write("a.txt", "by the host\none\nby the guest\n")
        await eventually_async(
            lambda: browser.text == guest.read("a.txt") == host.read("a.txt"), "host", PATIENCE
        )
        await browser.type("by the browser\n")
        whole = "by the host\none\nby the guest\nby the browser\n"
        await eventually_async(
            lambda: host.read("a.txt") == guest.read("a.txt") == whole, "browser", PATIENCE
        )
    guest.write("large.txt", LARGE)
    eventually(lambda: host.read("large.txt") == LARGE, "a large new file", PATIENCE)

    nginx.stop()
    eventually(lambda: guest.status()["state"] == "offline", "the guest to notice", PATIENCE)
    guest.write("a.txt", whole + "saved while the proxy was away\n")
    port = nginx.port
    nginx.start()
    assert nginx.port == port, "somebody else took the port meanwhile"
    eventually(
        lambda: host.read("a.txt") == whole + "saved while the proxy was away\n",
        "what waited",
        PATIENCE,
    )
    eventually(lambda: guest.status()["state"] == "synced", "the guest in sync", PATIENCE)
    assert server.token not in guest.log()


def test_a_name_of_ones_own_is_let_through_to_the_server(server: StockServer, nginx: Nginx):
    asked = urllib.request.Request(
        f"https://127.0.0.1:{nginx.port}{server.base_url}rtcd/about",
        headers={"Host": "team.example.org", "Authorization": f"token {server.token}"},
    )
    trusted = ssl.create_default_context(cafile=str(nginx.certificate))
    with urllib.request.urlopen(asked, timeout=60, context=trusted) as answer:
        assert answer.status == 200
