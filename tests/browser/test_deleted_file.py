"""Somebody deletes a file that is open in JupyterLab elsewhere."""

from __future__ import annotations

import httpx
import pytest

from browser.conftest import OpenLab
from end_to_end.project_folder import RtcdFolder

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end, pytest.mark.long]


def test_the_open_tab_goes_on_in_the_file_that_takes_its_place(host: RtcdFolder, open_lab: OpenLab):
    host.write("notes.txt", "one\ntwo\n")
    host.start()
    lab = open_lab(host)
    lab.open_text("notes.txt")
    address = host.address
    headers = {"Authorization": f"token {address.token.reveal()}"}
    with httpx.Client(headers=headers, verify=False, timeout=60) as http:
        http.delete(f"{address.url}api/contents/notes.txt").raise_for_status()
    host.write("notes.txt", "ONE\ntwo\n")
    lab.until(lambda: lab.text() == "ONE\ntwo\n", "the tab to follow")
    lab.put_cursor("Control+End")
    lab.type("three\n")
    lab.until(lambda: host.read("notes.txt") == "ONE\ntwo\nthree\n", "the disk to follow")
    host.wait()
    assert host.status()["state"] == "synced"
