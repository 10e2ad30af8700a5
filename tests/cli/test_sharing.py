"""``rtcd share``, ``peers`` and ``join``: what they say."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cli.conftest import Shell
from rtcd.lan.membership import Membership

PIN = "3ae9c3fd23fb535e0564139a98a54203" + "0" * 32


def view(**fields: Any) -> dict[str, Any]:
    return {
        "possible": True,
        "on": True,
        "port": 40123,
        "pin": PIN,
        "addresses": ["192.0.2.5", "fe80::1", "2001:db8::5"],
        "numbers": [],
        "announced": True,
        "offers": {"join": None, "browser": None},
        "guests": [],
        **fields,
    }


def guest(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "rtcd",
        "joined": time.time(),
        "seen": time.time(),
        "address": "192.0.2.7",
        "connections": 1,
        **fields,
    }


def offer(state: str, **fields: Any) -> dict[str, Any]:
    return {"number": 7, "state": state, "seconds_left": 0.0, "by": None, **fields}


def test_the_list_says_who_may_come_in_and_how_the_last_codes_ended(shell: Shell) -> None:
    offers = {
        "join": offer("burned", by="192.0.2.66"),
        "browser": offer("open", number=4, seconds_left=540.0),
    }
    guests = [
        guest("Grace"),
        guest("Alan \x1b[31m", kind="browser", connections=0, joined=time.time() - 7300),
    ]
    with shell.daemon({"share": {"result": view(offers=offers, guests=guests)}}) as daemon:
        done = shell.rtcd("share", "--list")
    assert (done.err, done.code) == ("", 0)
    assert daemon.asked == [("share", {"action": "look"})]
    assert (
        done.out
        == """\
✓ Shared on the network

  Address    https://192.0.2.5:40123/  https://[2001:db8::5]:40123/
  Key        3AE9 C3FD 23FB 535E 0564 139A 98A5 4203
  Announced  yes, without names
  Last code  number 7, spoiled by a wrong guess from 192.0.2.66
  Open code  number 4 for a browser, 9 min left

  GUEST          WITH       JOINED    LAST FROM  NOW
  Grace          rtcd       just now  192.0.2.7  connected
  Alan \\x1b[31m  a browser  2 h ago   192.0.2.7  away

Next: rtcd share  let somebody else in
"""
    )


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (offer("used", by="192.0.2.7"), "number 7, used by 192.0.2.7"),
        (offer("expired"), "number 7, not used within ten minutes"),
        (offer("withdrawn"), "number 7, taken back"),
    ],
    ids=str,
)
def test_every_end_of_a_code_has_its_words(shell: Shell, ended: dict[str, Any], words: str) -> None:
    with shell.daemon({"share": {"result": view(offers={"join": ended, "browser": None})}}):
        done = shell.rtcd("share", "--list")
    assert f"  Last code  {words}\n" in done.out
    assert "No guests.\n" in done.out


def test_a_project_that_is_not_shared_says_so(shell: Shell) -> None:
    with shell.daemon({"share": {"result": view(on=False)}}):
        done = shell.rtcd("share", "--list")
    assert done.out == (
        "○ Not shared on the network: only this machine comes in.\n\n"
        "Next: rtcd share  let somebody in\n"
    )


def test_peers_shows_everybody_and_what_a_guest_can_do_next(shell: Shell) -> None:
    people = [
        {"name": "Grace", "client": "rtcd", "from": None, "paths": [], "you": True},
        {
            "name": "Ada",
            "client": "JupyterLab",
            "from": "127.0.0.1",
            "paths": ["a.py", "b.py", "c.py", "d.py"],
            "you": False,
        },
    ]
    table = """\
✓ 1 other person here

  NAME         WITH        FROM          EDITS
  Grace (you)  rtcd        this machine  nothing now
  Ada          JupyterLab  the host      a.py, b.py, c.py and 1 more

"""
    with shell.daemon({"peers": {"result": {"peers": people}}}):
        host = shell.rtcd("peers")
        shell.places.make()
        Membership(url="https://192.0.2.5:40123/").write(shell.places)
        guest = shell.rtcd("peers")
    assert host.out == table + "Next: rtcd share  let somebody else in\n"
    assert guest.out == table + "Next: rtcd status  is everything of mine saved, and theirs here?\n"


def test_peers_does_not_guess_who_is_here_while_the_server_is_away(shell: Shell) -> None:
    you = {"name": "Grace", "client": "rtcd", "from": None, "paths": [], "you": True}
    with shell.daemon({"peers": {"result": {"connected": False, "peers": [you]}}}):
        done = shell.rtcd("peers")
    assert done.out.startswith("○ Offline: who else is here cannot be told\n")


def test_joining_without_a_code_and_without_anybody_to_ask_says_what_to_type(shell: Shell) -> None:
    done = shell.rtcd("join", "--json", "-C", "new")
    assert done.json["error"]["hint"] == "Call it as `rtcd join 7-guitar-honey-otter`."
    assert done.code == 2
