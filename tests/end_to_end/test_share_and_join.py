"""A colleague joins with one code, over the real network stack of this machine."""

from __future__ import annotations

import json
import re

import pytest

from end_to_end.project_folder import RtcdFolder, eventually

pytestmark = pytest.mark.end_to_end


def offered(host: RtcdFolder, *options: str) -> str:
    """``rtcd share``; the code."""
    done = host.command("share", *options)
    assert done.returncode == 0, (done.stdout, done.stderr, host.log())
    found = re.search(r"\d+-[a-z]+-[a-z]+-[a-z]+", done.stdout)
    assert found, done.stdout
    return found[0]


def url_of(host: RtcdFolder) -> str:
    """The address under which this machine itself reaches the host's network listener."""
    view = json.loads(host.command("share", "--list", "--json").stdout)
    return f"https://127.0.0.1:{view['port']}/"


def test_one_code_is_enough_to_edit_together_and_to_come_back(new_folder):
    host, guest = new_folder("host"), new_folder("guest", name="Grace Hopper")
    host.write("a.txt", "one\n")
    host.start()
    code = offered(host)
    done = guest.command("join", url_of(host), "--name", guest.name, token=code)
    assert done.returncode == 0, (done.stdout, done.stderr, guest.log())
    guest.started = {"joined": True}
    assert guest.read("a.txt") == "one\n"
    host.write("a.txt", "one\ntwo\n")
    eventually(lambda: guest.read("a.txt") == "one\ntwo\n", "the host's save at the guest")
    guest.write("b.txt", "from the guest\n")
    eventually(lambda: host.read("b.txt") == "from the guest\n", "the guest's file at the host")
    guest.stop()
    host.write("a.txt", "one\ntwo\nthree\n")
    guest.start()
    assert guest.read("a.txt") == "one\ntwo\nthree\n"
    again = new_folder("again").command("join", url_of(host), token=code)
    assert (again.returncode, "used up" in again.stderr) == (3, True)
    assert host.command("share", "--revoke", "Grace Hopper").returncode == 0
    eventually(lambda: guest.status()["state"] == "offline", "the guest to be out")
    eventually(
        lambda: (
            [one["code"] for one in guest.status()["problems"]] == ["server"]
            and "does not let you in" in guest.status()["problems"][0]["message"]
        ),
        "the reason",
    )
    assert host.status()["state"] == "synced"
