"""Typing in JupyterLab while no daemon runs."""

from __future__ import annotations

import time

import pytest

from browser.conftest import OpenLab
from end_to_end.project_folder import RtcdFolder

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]


@pytest.mark.long
def test_a_dead_daemon_loses_nothing_and_the_next_one_goes_on(host: RtcdFolder, open_lab: OpenLab):
    host.write("notes.txt", "alpha\n")
    host.start()
    lab = open_lab(host)
    lab.open_text("notes.txt")
    lab.put_cursor("Control+Home")
    typed: list[str] = []

    def type_for(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            typed.append(f"typed{len(typed):04d}")
            lab.type(typed[-1] + ("\n" if len(typed) % 8 == 0 else " "))

    type_for(3)
    host.kill()
    type_for(3)
    lab.until(lambda: typed[-1] in host.read("notes.txt"), "the server to save")
    lab.save()
    type_for(2)
    lab.screenshot("without-daemon")
    host.start()
    type_for(2)
    lab.until(lambda: host.read("notes.txt") == lab.text(), "disk and editor to agree")
    text = lab.text()
    assert [token for token in typed if text.count(token) != 1] == []
    host.wait()
    assert host.status()["state"] == "synced"
    lab.screenshot("after-a-new-daemon")
    assert lab.interruptions() == []
