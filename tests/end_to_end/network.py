"""Small networks of network namespaces: hosts of our own on one machine, with real multicast.

Needs root, Linux and iproute2's ``ip``. ``why_not`` says what is missing; tests then run on loopback
or are skipped with that reason.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from end_to_end.project_folder import RtcdFolder

_numbers = itertools.count(os.getpid() % 4000 * 10)


def why_not() -> str | None:
    """Why there can be no namespaces here; None when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need iproute2 (apt-get install iproute2)"
    name = f"rtcd-try-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if tried.returncode != 0:
        return f"network namespaces are not permitted here: {tried.stderr.decode().strip()}"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None


def run(*words: str) -> None:
    """Run a command that has to work."""
    subprocess.run(words, check=True, capture_output=True)


class Network:
    """One hub (everybody hears everything), and a machine on it for each name asked for.

    Addresses are 10.77.0.N and fd77::N, N counted from 1; 77 is ``subnet``. Removed at the end of the
    ``with`` block.
    """

    def __init__(self, subnet: int = 77) -> None:
        self._subnet = subnet
        self._ports = 0
        self._mark = f"r{next(_numbers):x}"
        self._switch = f"{self._mark}-switch"
        self.machines: dict[str, Machine] = {}

    def __enter__(self) -> Network:
        run("ip", "netns", "add", self._switch)
        run(
            "ip",
            "-n",
            self._switch,
            "link",
            "add",
            "br0",
            "type",
            "bridge",
            "mcast_snooping",
            "0",
            "ageing_time",
            "0",
        )
        run("ip", "-n", self._switch, "link", "set", "br0", "up")
        return self

    def __exit__(self, *_: object) -> None:
        for machine in self.machines.values():
            subprocess.run(["ip", "netns", "del", machine.namespace], check=False)
        subprocess.run(["ip", "netns", "del", self._switch], check=False)

    def machine(self, name: str) -> Machine:
        """A new machine on the switch."""
        made = Machine(f"{self._mark}-{name}")
        self.machines[name] = made
        run("ip", "netns", "add", made.namespace)
        made.ip("link", "set", "lo", "up")
        made.address = self.plug_in(made, "eth0")
        return made

    def plug_in(self, machine: Machine, card: str) -> str:
        """Give a machine, perhaps of another network, a card in this one; returns its address."""
        self._ports += 1
        port = f"p{self._ports}"
        run("ip", "-n", self._switch, "link", "add", port, "type", "veth", "peer", "name", card, "netns", machine.namespace)  # fmt: skip
        run("ip", "-n", self._switch, "link", "set", port, "master", "br0")
        run("ip", "-n", self._switch, "link", "set", port, "up")
        machine.ip("link", "set", card, "up")
        address = f"10.{self._subnet}.0.{self._ports}"
        machine.take_address(address, f"fd{self._subnet}::{self._ports}", card)
        return address


class Machine:
    """One namespace with its network cards; ``address`` is that of the first."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.address = ""

    def ip(self, *words: str) -> None:
        """``ip`` inside."""
        run("ip", "-n", self.namespace, *words)

    def take_address(self, address: str, address6: str | None = None, card: str = "eth0") -> None:
        """Give the card these addresses instead of what it has."""
        self.ip("addr", "flush", "dev", card, "scope", "global")
        self.ip("addr", "add", f"{address}/24", "dev", card)
        if address6 is not None:
            self.ip("addr", "add", f"{address6}/64", "dev", card, "nodad")
        self.address = address

    def only_ipv6(self, address6: str) -> None:
        """Take IPv4 away."""
        self.ip("-4", "addr", "flush", "dev", "eth0")
        self.address = address6

    def only_link_local(self) -> None:
        """Leave nothing but the address that the card gave itself."""
        self.ip("addr", "flush", "dev", "eth0", "scope", "global")
        self.address = ""

    def unplug(self) -> None:
        """Take the card's link down."""
        self.ip("link", "set", "eth0", "down")

    def plug(self, address6: str | None = None) -> None:
        """Bring it up again; the system forgot its IPv6 addresses meanwhile."""
        self.ip("link", "set", "eth0", "up")
        if address6 is not None:
            self.ip("addr", "add", f"{address6}/64", "dev", "eth0", "nodad")

    def inside(self, *words: str) -> list[str]:
        """A command line that runs a program in this namespace."""
        return ["ip", "netns", "exec", self.namespace, *words]

    @contextlib.contextmanager
    def attacker(self, role: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """One of ``attackers.py`` at work inside the ``with`` block."""
        process = subprocess.Popen(
            self.inside(sys.executable, "-m", "end_to_end.attackers", role, *arguments),
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


class NetworkedFolder(RtcdFolder):
    """A project folder on one machine of a network."""

    def __init__(self, root: Path, home: Path, machine: Machine, *, name: str) -> None:
        super().__init__(root, home, name=name)
        self.machine = machine

    def command(
        self, *arguments: str, token: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``rtcd`` there."""
        environment = self.environment | ({"RTCD_TOKEN": token} if token else {})
        return subprocess.run(
            self.machine.inside(sys.executable, "-m", "rtcd_cli", *arguments),
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def pids(self) -> list[int]:
        """All processes whose home this is."""
        found = []
        for status in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"HOME={self.home}\0".encode() in status.read_bytes():
                    found.append(int(status.parent.name))
            except OSError:
                continue
        return found
