"""A folder joins a server behind a real JupyterHub, by the token that its page makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from end_to_end.jupyter_hub import JupyterHub, why_not
from end_to_end.project_folder import RtcdFolder, eventually

REASON = why_not()
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]
PATIENCE = 120.0


@pytest.fixture
def hub(workplace: Path):
    with JupyterHub(workplace / "hub") as made:
        yield made


def test_a_servers_life_behind_a_hub(hub: JupyterHub, new_folder):
    """Joined, edited both ways, stopped by the hub, started again, the token taken back."""
    thesis = hub.homes / "ada" / "thesis"
    thesis.mkdir(parents=True)
    (thesis / "a.txt").write_text("one\n")
    hub.add("ada")
    hub.start_server("ada")
    token_id, token = hub.token_of("ada")
    guest: RtcdFolder = new_folder("guest", name="Grace Hopper")
    assert guest.command("login", hub.url_of("ada"), token="not-the-token").returncode == 3
    login = guest.command("login", hub.url_of("ada") + "lab/tree/thesis", token=token)
    assert (login.returncode, login.stderr) == (0, "")
    done = guest.command("join", hub.url_of("ada"), "--remote-path", "thesis", "--name", guest.name)
    assert done.returncode == 0, (done.stdout, done.stderr, guest.log(), hub.log[-3000:])
    guest.started = {"joined": True}
    assert guest.read("a.txt") == "one\n"
    guest.write("b.txt", "made by the guest\n")
    eventually((thesis / "b.txt").exists, "the new file at the server", PATIENCE)
    (thesis / "c.txt").write_text("made on the server\n")
    eventually(lambda: guest.read("c.txt") == "made on the server\n", "the server's file", PATIENCE)

    hub.stop_server("ada")
    eventually(lambda: guest.status()["state"] == "offline", "the guest to notice", PATIENCE)
    guest.stop()
    started = guest.start()
    assert started["server"]["connected"] is False, "the hub answers, the server is stopped"
    guest.write("a.txt", "one\nsaved while the server was stopped\n")
    hub.start_server("ada")
    eventually(
        lambda: (thesis / "a.txt").read_text() == "one\nsaved while the server was stopped\n",
        "what waited",
        PATIENCE,
    )
    eventually(lambda: guest.status()["state"] == "synced", "the guest in sync", PATIENCE)

    guest.stop()
    hub.take_back("ada", token_id)
    # The server remembers what the hub said of a token for a while (five minutes); a new one asks.
    hub.stop_server("ada")
    hub.start_server("ada")
    refused = guest.command("start")
    assert refused.returncode == 3
    assert "refused" in refused.stderr, refused.stderr
    assert token not in guest.log() + refused.stderr + hub.log


def test_members_of_a_project_share_its_server_each_by_their_own_token(hub: JupyterHub, new_folder):
    """As docs/scaling.md sets it up: an account for the project, a group of members, nobody else."""
    text = hub.homes / "thesis" / "text"
    text.mkdir(parents=True)
    (text / "a.txt").write_text("one\n")
    hub.add("thesis")
    hub.start_server("thesis")
    members: list[RtcdFolder] = []
    for name in ("ada", "grace"):
        member: RtcdFolder = new_folder(name, name=name.title())
        login = member.command("login", hub.url_of("thesis"), token=hub.token_of(name)[1])
        assert (login.returncode, login.stderr) == (0, "")
        done = member.command(
            "join", hub.url_of("thesis"), "--remote-path", "text", "--name", member.name
        )
        assert done.returncode == 0, (done.stdout, done.stderr, member.log(), hub.log[-3000:])
        member.started = {"joined": True}
        members.append(member)
    ada, grace = members
    ada.write("a.txt", "one\nby Ada\n")
    eventually(lambda: grace.read("a.txt") == "one\nby Ada\n", "Ada's save at Grace's", PATIENCE)
    grace.write("a.txt", "by Grace\none\nby Ada\n")
    whole = "by Grace\none\nby Ada\n"
    eventually(lambda: ada.read("a.txt") == whole, "Grace's save at Ada's", PATIENCE)
    eventually(lambda: (text / "a.txt").read_text() == whole, "both on the server", PATIENCE)

    hub.add("eve")
    outsider: RtcdFolder = new_folder("eve", name="Eve")
    refused = outsider.command("login", hub.url_of("thesis"), token=hub.token_of("eve")[1])
    assert refused.returncode == 3, (refused.stdout, refused.stderr)
