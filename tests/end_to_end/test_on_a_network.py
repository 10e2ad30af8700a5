"""Joining on real networks: namespaces with cards, multicast, and people who mean no good.

The first test runs always; the others, half a minute each, with ``pytest -m long``. Where namespaces
are not permitted ``test_share_and_join.py`` does what can be done on loopback.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from end_to_end.network import Machine, Network, NetworkedFolder, why_not
from end_to_end.project_folder import eventually

REASON = why_not()
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(REASON is not None, reason=f"on loopback only: {REASON}"),
]
NewFolder = Callable[..., NetworkedFolder]
CODE = re.compile(r"\d+-[a-z]+-[a-z]+-[a-z]+")
REFERENCE_SECONDS = 0.24
SECRET_TEXT = "nobody on the wire may read this"


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as made:
        yield made


@pytest.fixture
def folder_on(workplace: Path) -> Iterator[NewFolder]:
    made: list[NetworkedFolder] = []

    def make(machine: Machine, name: str) -> NetworkedFolder:
        at = workplace / machine.namespace.rpartition("-")[2]
        made.append(NetworkedFolder(at / "project", at / "home", machine, name=name))
        return made[-1]

    yield make
    for folder in reversed(made):
        folder.command("stop")
        for pid in folder.pids():
            os.kill(pid, signal.SIGKILL)


def share(host: NetworkedFolder) -> str:
    done = host.command("share")
    assert done.returncode == 0, (done.stdout, done.stderr, host.log())
    return CODE.findall(done.stdout)[0]


def join(guest: NetworkedFolder, code: str) -> subprocess.CompletedProcess[str]:
    return guest.command("join", code, "--name", guest.name)


def joined(network: Network, folder_on: NewFolder) -> tuple[NetworkedFolder, NetworkedFolder]:
    host = folder_on(network.machine("host"), "Ada Lovelace")
    guest = folder_on(network.machine("guest"), "Grace Hopper")
    host.write("a.txt", f"{SECRET_TEXT}\n")
    host.start()
    done = join(guest, share(host))
    assert done.returncode == 0, (done.stdout, done.stderr, host.log(), guest.log())
    return host, guest


def listeners(host: NetworkedFolder) -> set[str]:
    """The local addresses that something on the machine listens at, without ports."""
    table = subprocess.run(
        host.machine.inside("ss", "-ltnH"), capture_output=True, text=True, check=True
    )
    return {line.split()[3].rpartition(":")[0] for line in table.stdout.splitlines()}


def secrets_of(*folders: NetworkedFolder) -> list[bytes]:
    """What must not be heard by anybody else: tokens, names, texts."""
    found = [SECRET_TEXT.encode()]
    for folder in folders:
        # Whole names: three letters are found in any megabyte of noise.
        found.append(folder.name.encode())
        found.append(str(folder.root).encode())
        files = (folder.home / "state" / "rtcd").glob("*/*token")
        found += [file.read_bytes().strip() for file in files]
    return found


def heard(log: Path, secrets: list[bytes]) -> list[bytes]:
    data = log.read_bytes()
    return [secret for secret in secrets if secret in data]


def share_view(host: NetworkedFolder) -> dict:
    return json.loads(host.command("share", "--list", "--json").stdout)


def peers(folder: NetworkedFolder) -> list[dict]:
    return json.loads(folder.command("peers", "--json").stdout)["peers"]


def test_find_join_and_edit_while_somebody_listens_on_the_wire(network, folder_on, workplace):
    host = folder_on(network.machine("host"), "Ada Lovelace")
    guest = folder_on(network.machine("guest"), "Grace Hopper")
    host.write("a.txt", f"{SECRET_TEXT}\n")
    host.start()
    assert listeners(host) == {"127.0.0.1"}, "without a share nobody else gets near"
    wire = workplace / "wire"
    with network.machine("stranger").attacker("sniff", str(wire), "120"):
        done = join(guest, share(host))
        assert done.returncode == 0, (done.stdout, done.stderr, host.log(), guest.log())
        assert guest.read("a.txt") == f"{SECRET_TEXT}\n"
        host.write("a.txt", f"{SECRET_TEXT} and more\n")
        eventually(lambda: "and more" in guest.read("a.txt"), "the host's edit")
        guest.write("a.txt", f"{SECRET_TEXT} and back\n")
        eventually(lambda: "and back" in host.read("a.txt"), "the guest's edit")
        eventually(
            lambda: (
                [(peer["name"], peer["you"]) for peer in peers(guest)]
                == [("Grace Hopper", True), ("Ada Lovelace", False)]
            ),
            "both to be listed",
        )
        eventually(
            lambda: (
                [
                    (peer["name"], peer["from"], peer["paths"])
                    for peer in peers(host)
                    if not peer["you"]
                ]
                == [("Grace Hopper", guest.machine.address, ["a.txt"])]
            ),
            "the host to know who is where",
        )
        assert host.command("share", "--stop").returncode == 0
        assert listeners(host) == {"127.0.0.1"}
        eventually(lambda: wire.stat().st_size > 10_000, "the stranger to have heard it all")
    secrets = secrets_of(host, guest)
    if len(os.uname().nodename) > 5:
        secrets.append(os.uname().nodename.encode())
    assert b"_rtcd" in wire.read_bytes(), "the stranger did hear the announcements"
    assert heard(wire, secrets) == []


@pytest.mark.long
def test_a_host_that_slept_and_one_that_moved_are_found_again(network, folder_on):
    host, guest = joined(network, folder_on)
    sleeping = host.pids()
    for pid in sleeping:
        os.kill(pid, signal.SIGSTOP)
    guest.write("a.txt", "written while the host slept\n")
    eventually(lambda: guest.status()["state"] == "offline", "the guest to notice", 60)
    assert [one["name"] for one in peers(guest)] == ["Grace Hopper"], "who is there nobody can tell"
    assert guest.command("wait", "--timeout", "0").returncode == 1
    for pid in sleeping:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: host.read("a.txt") == "written while the host slept\n", "the save", 60)
    host.machine.unplug()
    host.machine.plug()
    host.machine.take_address("10.77.0.99", "fd77::99")
    host.write("a.txt", "written after the move\n")
    eventually(lambda: guest.read("a.txt") == "written after the move\n", "the new address", 90)
    assert guest.status()["server"]["url"].startswith("https://10.77.0.99:")
    guest.stop()
    host.stop()
    host.machine.take_address("10.77.0.120", "fd77::120")
    host.start()
    guest.start()
    assert guest.status()["server"]["url"].startswith("https://10.77.0.120:")


@pytest.mark.long
def test_a_network_without_ipv4_does(network, folder_on):
    host = folder_on(network.machine("host"), "Ada Lovelace")
    guest = folder_on(network.machine("guest"), "Grace Hopper")
    host.machine.only_ipv6("fd77::1")
    guest.machine.only_ipv6("fd77::2")
    host.write("a.txt", "one\n")
    host.start()
    done = join(guest, share(host))
    assert done.returncode == 0, (done.stdout, done.stderr, host.log(), guest.log())
    host.write("a.txt", "two\n")
    eventually(lambda: guest.read("a.txt") == "two\n", "the edit")
    assert guest.status()["server"]["url"].startswith("https://[fd77::1]:")


@pytest.mark.long
def test_a_network_of_link_local_addresses_does(network, folder_on):
    """No router, no addresses given: what two machines on one cable have."""
    host = folder_on(network.machine("host"), "Ada Lovelace")
    guest = folder_on(network.machine("guest"), "Grace Hopper")
    for folder in (host, guest):
        folder.machine.only_link_local()
    host.write("a.txt", "one\n")
    host.start()
    done = join(guest, share(host))
    assert done.returncode == 0, (done.stdout, done.stderr, host.log(), guest.log())
    host.write("a.txt", "one\ntwo\n")
    eventually(lambda: guest.read("a.txt") == "one\ntwo\n", "the edit", 60)
    guest.write("a.txt", "one\ntwo\nthree\n")
    eventually(lambda: host.read("a.txt") == "one\ntwo\nthree\n", "the edit back", 60)
    url = guest.status()["server"]["url"]
    assert re.fullmatch(r"https://\[fe80::[0-9a-f:]+%eth0\]:\d+/", url)
    guest.stop()
    assert guest.start()["server"]["connected"] is True
    checks = json.loads(guest.command("doctor", "--json").stdout)["checks"]
    assert "ok" in [one["outcome"] for one in checks if one["check"] == "host key"]


@pytest.mark.long
def test_a_host_in_two_networks_is_found_in_each(network, folder_on):
    """Each guest hears all addresses of the host, and can reach those of its own network only."""
    with Network(subnet=78) as other:
        host = folder_on(network.machine("host"), "Ada Lovelace")
        guests = [
            folder_on(network.machine("grace"), "Grace Hopper"),
            folder_on(other.machine("alan"), "Alan Turing"),
        ]
        addresses = [host.machine.address, other.plug_in(host.machine, "eth1")]
        # As with a router: what is elsewhere is not refused at once, it is not answered.
        for guest, card in zip(guests, ("eth0", "eth0"), strict=True):
            guest.machine.ip("route", "add", "default", "dev", card)
        host.write("a.txt", "one\n")
        host.start()
        for guest, address in zip(guests, addresses, strict=True):
            done = join(guest, share(host))
            assert done.returncode == 0, (done.stdout, done.stderr, guest.log())
            assert guest.status()["server"]["url"].startswith(f"https://{address}:")
        guests[0].write("a.txt", "one\ntwo\n")
        eventually(lambda: guests[1].read("a.txt") == "one\ntwo\n", "the other network", 60)
        host.machine.ip("link", "set", "eth1", "down")
        guests[0].write("a.txt", "one\ntwo\nthree\n")
        eventually(lambda: host.read("a.txt") == "one\ntwo\nthree\n", "the edit", 60)
        host.machine.ip("link", "set", "eth1", "up")
        eventually(lambda: guests[1].read("a.txt") == "one\ntwo\nthree\n", "the cable again", 120)


@pytest.mark.long
def test_a_guest_starts_without_its_host_and_finds_it_at_a_new_address(network, folder_on):
    host, guest = joined(network, folder_on)
    guest.stop()
    host.stop()
    started = guest.start()
    assert started["server"]["connected"] is False
    guest.write("a.txt", "saved while nobody was there\n")
    assert guest.status()["state"] == "offline"
    host.machine.take_address("10.77.0.130", "fd77::130")
    host.start()
    eventually(lambda: host.read("a.txt") == "saved while nobody was there\n", "what waited", 120)
    eventually(lambda: guest.status()["state"] == "synced", "the guest in sync", 60)
    assert guest.status()["server"]["url"].startswith("https://10.77.0.130:")


@pytest.mark.long
def test_two_guests_and_one_is_turned_out(network, folder_on):
    host, grace = joined(network, folder_on)
    alan = folder_on(network.machine("alan"), "Alan Turing")
    assert join(alan, share(host)).returncode == 0
    before = alan.status()["seq"]
    assert host.command("share", "--revoke", "Grace Hopper").returncode == 0
    eventually(lambda: grace.status()["state"] == "offline", "Grace to be out")
    host.write("a.txt", "for Alan only\n")
    eventually(lambda: alan.read("a.txt") == "for Alan only\n", "Alan to go on")
    assert grace.read("a.txt") == f"{SECRET_TEXT}\n"
    assert "connection" not in alan.log().lower() or alan.status()["state"] == "synced"
    assert alan.status()["seq"] > before
    [problem] = grace.status()["problems"]
    assert "does not let you in any more" in problem["message"]


@pytest.mark.long
def test_a_wrong_code_is_spoiled_and_a_used_one_is_no_use(network, folder_on):
    host = folder_on(network.machine("host"), "Ada Lovelace")
    guest = folder_on(network.machine("guest"), "Grace Hopper")
    host.start()
    code = share(host)
    number = code.partition("-")[0]
    wrong = join(guest, f"{number}-acorn-actor-album")
    assert (wrong.returncode, "is spoiled" in wrong.stderr) == (3, True)
    right = join(guest, code)
    assert right.returncode == 3
    assert [offer["state"] for offer in share_view(host)["offers"].values() if offer] == ["burned"]
    assert share_view(host)["guests"] == []
    code = share(host)
    assert join(guest, code).returncode == 0
    again = folder_on(network.machine("other"), "Somebody")
    assert join(again, code).returncode == 3
    assert [guest["name"] for guest in share_view(host)["guests"]] == ["Grace Hopper"]


@pytest.mark.long
def test_a_rogue_host_of_the_same_number_learns_nothing_and_the_real_one_is_found(
    network, folder_on, workplace
):
    host = folder_on(network.machine("host"), "Ada Lovelace")
    guest = folder_on(network.machine("guest"), "Grace Hopper")
    host.write("a.txt", f"{SECRET_TEXT}\n")
    host.start()
    code = share(host)
    log = workplace / "rogue.log"
    rogue = network.machine("rogue")
    with rogue.attacker(
        "rogue", "8443", str(workplace / "rogue"), str(log), code.partition("-")[0]
    ):
        done = join(guest, code)
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert f"https://{host.machine.address}:" in done.stdout
    assert heard(log, [*secrets_of(host, guest), *code.encode().split(b"-")[1:]]) == []


@pytest.mark.long
def test_somebody_in_the_middle_of_the_exchange_is_noticed_and_learns_nothing(
    network, folder_on, workplace
):
    host = folder_on(network.machine("host"), "Ada Lovelace")
    guest = folder_on(network.machine("guest"), "Grace Hopper")
    host.write("a.txt", f"{SECRET_TEXT}\n")
    host.start("--no-lan")  # not announced: the relay is all that the guest hears of
    code = share(host)
    view = share_view(host)
    log = workplace / "relay.log"
    target = f"{host.machine.address}:{view['port']}"
    with network.machine("relay").attacker(
        "relay", "8443", str(workplace / "relay"), str(log), target, code.partition("-")[0]
    ):
        done = join(guest, code)
        assert done.returncode == 3
        assert "somebody may stand between you" in done.stderr
    assert share_view(host)["offers"]["join"]["state"] == "burned"
    assert share_view(host)["guests"] == []
    assert b"/rtcd/join/proof" in log.read_bytes(), "the relay did hear the exchange"
    assert heard(log, [*secrets_of(host, guest), *code.encode().split(b"-")[1:]]) == []


@pytest.mark.long
def test_another_key_at_the_hosts_address_is_a_hard_stop(network, folder_on, workplace):
    host, guest = joined(network, folder_on)
    port = str(share_view(host)["port"])
    address = host.machine.address
    log = workplace / "trap.log"
    host.machine.unplug()
    impostor = network.machine("impostor")
    impostor.take_address(address, "fd77::1")
    with impostor.attacker("trap", port, str(workplace / "trap"), str(log)):
        guest.write("a.txt", f"{SECRET_TEXT}, changed\n")
        eventually(
            lambda: any(one["code"] == "key-changed" for one in guest.status()["problems"]),
            "the guest to notice",
            120,
        )
        assert guest.status()["state"] == "offline"
        guest.stop()
        refused = guest.command("start")
        assert refused.returncode == 3
        assert "is not the one you joined: it has another key. Nothing was sent" in refused.stderr
        assert log.read_bytes() == b"", "not one byte"
    impostor.unplug()
    host.machine.plug("fd77::1")
    guest.start()
    eventually(lambda: host.read("a.txt") == f"{SECRET_TEXT}, changed\n", "what waited", 60)


@pytest.mark.long
def test_floods_cost_a_bounded_amount_and_editing_goes_on(network, folder_on):
    host, guest = joined(network, folder_on)
    stranger = network.machine("stranger")
    port = str(share_view(host)["port"])
    pids = host.pids()
    slowness = how_slow()
    before, memory = cpu_seconds(pids), resident_bytes(pids)
    began = time.monotonic()
    with (
        stranger.attacker("mdns-flood", stranger.address, "20") as many,
        stranger.attacker("tcp-flood", host.machine.address, port, "20") as knocks,
    ):
        for number in range(5):
            host.write("a.txt", f"edit {number}\n")
            eventually(lambda n=number: guest.read("a.txt") == f"edit {n}\n", "an edit", 90)
        assert (many.wait(120), knocks.wait(120)) == (0, 0)
    elapsed = time.monotonic() - began
    grown = resident_bytes(pids) - memory
    used = cpu_seconds(pids) - before
    print(
        f"floods: {used / elapsed:.2f} of a processor, {grown / 1e6:.1f} MB more, "
        f"machine {slowness:.1f} times slower"
    )
    # What is let in is counted by the second; what one costs is a matter of the machine.
    assert grown < 100e6
    assert used < 0.5 * elapsed * slowness
    assert share_view(host)["on"]
    assert host.status()["state"] == "synced"


def how_slow() -> float:
    """How much longer this machine needs for some work than the one that was measured; 1 at least."""
    data = bytes(range(256)) * 4096
    began = time.process_time()
    for number in range(10):
        hashlib.pbkdf2_hmac("sha256", data[:32], bytes([number]), 20_000)
        sum(value * number for value in data[: 1 << 19])
    return max(1.0, (time.process_time() - began) / REFERENCE_SECONDS)


def cpu_seconds(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_bytes(pids: list[int]) -> int:
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")
