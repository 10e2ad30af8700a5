"""A folder joins through a real ssh tunnel; the sshd is the test's own, with keys of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from end_to_end.jupyter_hub import free_port
from end_to_end.project_folder import RtcdFolder, eventually
from end_to_end.test_share_and_join import offered

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(SSHD is None, reason="there is no sshd (apt-get install openssh-server)"),
    pytest.mark.skipif(sys.platform == "win32", reason="the sshd is run as on Unix"),
]
PATIENCE = 90.0
CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {place}/host_key
AuthorizedKeysFile {place}/person_key.pub
PidFile {place}/sshd.pid
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
"""


class Ssh:
    """An sshd, and tunnels through it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_port()
        place.mkdir()
        for name in ("host_key", "person_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)], check=True
            )
        (place / "config").write_text(CONFIG.format(port=self.port, place=place))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # an sshd of root insists on it
        key = (place / "host_key.pub").read_text()
        (place / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")
        assert SSHD is not None
        self._running = [self._run(SSHD, "-D", "-e", "-f", str(place / "config"))]
        eventually(lambda: accepts(self.port), "sshd", PATIENCE)

    def tunnel(self, near: int, far: int) -> subprocess.Popen[bytes]:
        """``ssh -N -L near:localhost:far``; returns when it is open."""
        made = self._run(
            *("ssh", "-F", "/dev/null", "-N", "-L", f"127.0.0.1:{near}:localhost:{far}"),
            *("-i", str(self.place / "person_key"), "-o", "IdentitiesOnly=yes"),
            *("-o", f"UserKnownHostsFile={self.place}/known_hosts"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "ExitOnForwardFailure=yes"),
            *("-p", str(self.port), f"{getpass.getuser()}@127.0.0.1"),
        )
        self._running.append(made)
        eventually(lambda: accepts(near), "the tunnel", PATIENCE)
        return made

    def close(self) -> None:
        for process in reversed(self._running):
            cut(process)

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.place / "log").open("ab") as log:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def accepts(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def cut(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture
def ssh(workplace: Path) -> Iterator[Ssh]:
    made = Ssh(workplace / "ssh")
    yield made
    made.close()


@pytest.mark.parametrize("by", ["code", "token"])
def test_a_tunnel_that_ends_and_comes_back(ssh: Ssh, new_folder, by: str):
    """Joined through it, cut, edited meanwhile, opened again; then the same over a restart."""
    host: RtcdFolder = new_folder("host")
    guest: RtcdFolder = new_folder("guest", name="Grace Hopper")
    host.write("a.txt", "one\n")
    far = urlsplit(host.start()["server"]["url"]).port
    assert far is not None
    near = free_port()
    tunnel = ssh.tunnel(near, far)
    secret = offered(host) if by == "code" else host.address.token.reveal()
    url = f"http://localhost:{near}/"
    done = guest.command("join", url, "--name", guest.name, token=secret)
    assert done.returncode == 0, (done.stdout, done.stderr, guest.log())
    guest.started = {"joined": True}
    assert guest.read("a.txt") == "one\n"
    guest.write("a.txt", "one\ntwo\n")
    eventually(lambda: host.read("a.txt") == "one\ntwo\n", "the guest's save", PATIENCE)

    cut(tunnel)
    eventually(lambda: guest.status()["state"] == "offline", "the guest to notice", PATIENCE)
    guest.write("a.txt", "one\ntwo\nthree\n")
    tunnel = ssh.tunnel(near, far)
    eventually(lambda: host.read("a.txt") == "one\ntwo\nthree\n", "what waited", PATIENCE)

    guest.stop()
    cut(tunnel)
    assert guest.start()["server"]["connected"] is False
    guest.write("a.txt", "one\ntwo\nthree\nfour\n")
    ssh.tunnel(near, far)
    eventually(lambda: host.read("a.txt") == "one\ntwo\nthree\nfour\n", "what waited", PATIENCE)
    eventually(lambda: guest.status()["state"] == "synced", "the guest in sync", PATIENCE)
    assert guest.status()["server"]["url"] == url
