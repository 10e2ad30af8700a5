"""A guest starts while its host is away: it works on, and what it saved arrives when the host is back."""

from __future__ import annotations

import json

import pytest

from end_to_end.project_folder import RtcdFolder, eventually
from end_to_end.test_share_and_join import offered, url_of

pytestmark = [pytest.mark.end_to_end, pytest.mark.long, pytest.mark.timeout(300)]

PATIENCE = 90.0


@pytest.fixture
def host_and_guest(new_folder) -> tuple[RtcdFolder, RtcdFolder]:
    """A guest that was in, left, and whose host has gone."""
    host, guest = new_folder("host"), new_folder("guest", name="Grace Hopper")
    for name in ("both.txt", "ours.txt", "theirs.txt", "gone.txt", "still.txt"):
        host.write(name, f"{name}\nmiddle\nend\n")
    host.start()
    done = guest.command("join", url_of_offer(host), "--name", guest.name, token=offered(host))
    assert done.returncode == 0, (done.stdout, done.stderr, guest.log())
    guest.stop()
    host.write("theirs.txt", "changed by the host\n")
    host.write("both.txt", "both.txt, says the host\nmiddle\nend\n")
    host.wait()
    host.stop()
    return host, guest


def url_of_offer(host: RtcdFolder) -> str:
    assert host.command("share").returncode == 0
    return url_of(host)


def states(folder: RtcdFolder) -> dict[str, str]:
    return {file["path"]: file["state"] for file in folder.status()["files"]}


def test_what_is_saved_while_the_host_is_away_is_merged_when_it_is_back(host_and_guest):
    host, guest = host_and_guest
    guest.write("ours.txt", "saved before the start\n")
    started = guest.start()
    assert started["server"]["connected"] is False
    status = guest.status()
    assert (status["state"], status["server"]["connected"]) == ("offline", False)
    guest.write("both.txt", "both.txt\nmiddle\nend, says the guest\n")
    guest.write("new.txt", "made while nobody was there\n")
    (guest.root / "gone.txt").unlink()
    eventually(
        lambda: (
            states(guest)
            == {
                "both.txt": "sending",
                "new.txt": "sending",
                "ours.txt": "sending",
                "still.txt": "synced",
                "theirs.txt": "synced",
            }
        ),
        "status to tell what waits",
        PATIENCE,
    )
    late = guest.command("wait", "--timeout", "0")
    assert (late.returncode, "the server is away" in late.stderr) == (1, True)
    host.start()
    wanted = {
        "both.txt": "both.txt, says the host\nmiddle\nend, says the guest\n",
        "new.txt": "made while nobody was there\n",
        "ours.txt": "saved before the start\n",
        "still.txt": "still.txt\nmiddle\nend\n",
        "theirs.txt": "changed by the host\n",
    }
    eventually(lambda: contents(host) == wanted, "everything at the host", PATIENCE)
    eventually(lambda: contents(guest) == wanted, "everything at the guest", PATIENCE)
    eventually(lambda: guest.status()["state"] == "synced", "the guest in sync", PATIENCE)
    assert guest.status()["conflicts"] == 0
    host.write("still.txt", "and on it goes\n")
    eventually(lambda: guest.read("still.txt") == "and on it goes\n", "an edit", PATIENCE)


def contents(folder: RtcdFolder) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.root.glob("*.txt")}


def test_a_guest_that_is_stopped_again_before_the_host_is_back_has_lost_nothing(host_and_guest):
    host, guest = host_and_guest
    guest.start()
    guest.write("ours.txt", "saved while away\n")
    eventually(lambda: states(guest)["ours.txt"] == "sending", "the save to be seen", PATIENCE)
    stopped = json.loads(guest.command("stop", "--json").stdout)
    assert [item["path"] for item in stopped["pending"]] == ["ours.txt"]
    host.start()
    started = guest.start()
    assert started["server"]["connected"] is True
    eventually(lambda: host.read("ours.txt") == "saved while away\n", "the save", PATIENCE)


def test_a_guest_that_may_not_come_in_any_more_is_told_so_when_the_host_is_back(host_and_guest):
    host, guest = host_and_guest
    guest.start()
    revoked = host.command("share", "--revoke", "Grace Hopper")
    assert revoked.returncode == 0, revoked.stderr
    host.start()
    eventually(
        lambda: any("does not let you in" in one["message"] for one in guest.status()["problems"]),
        "the reason",
        PATIENCE,
    )
    assert guest.status()["state"] == "offline"
    assert guest.read("theirs.txt") == "theirs.txt\nmiddle\nend\n"
