"""A colleague with only a browser: the warning, the code on the login page, and out when revoked."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright

from browser.lab_page import CHROMIUM, FLAGS, LOAD_MILLISECONDS, LabPage

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end, pytest.mark.long]


@contextmanager
def browser(shots: Path) -> Iterator[LabPage]:
    """A browser whose user has accepted the warning."""
    profile = tempfile.mkdtemp(prefix="chromium-")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=os.environ.get("RTCD_CHROMIUM", CHROMIUM),
            headless=True,
            args=list(FLAGS),
            ignore_https_errors=True,
            viewport={"width": 1280, "height": 800},
        )
        try:
            yield LabPage(context.pages[0], shots)
        finally:
            context.close()
            shutil.rmtree(profile, ignore_errors=True)


def refusal(url: str) -> str:
    """What a browser says that was told nothing."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("RTCD_CHROMIUM", CHROMIUM), args=list(FLAGS)
        )
        try:
            chromium.new_page().goto(url)
        except Error as error:
            return error.message
        finally:
            chromium.close()
    return ""


def test_a_browser_guest_types_the_code_edits_and_is_turned_out(host, shots):
    host.write("a.txt", "one\n")
    host.start()
    done = host.command("share", "--browser", "--name", "Alan Turing")
    assert done.returncode == 0, done.stderr
    code = re.search(r"\d+-[a-z]+-[a-z]+-[a-z]+", done.stdout)[0]
    view = json.loads(host.command("share", "--list", "--json").stdout)
    url = f"https://127.0.0.1:{view['port']}/lab"
    assert "ERR_CERT_AUTHORITY_INVALID" in refusal(url), "the warning that the guide tells of"
    with browser(shots) as lab:
        page = lab.page
        page.goto(f"{url}?reset")
        page.locator("#password_input").fill(code)
        page.locator("#login_submit").click()
        page.wait_for_selector(".jp-DirListing-item", timeout=LOAD_MILLISECONDS)
        lab.dismiss_news()
        lab.open_text("a.txt")
        lab.put_cursor("Control+End")
        lab.type("from the browser")
        lab.until(lambda: "from the browser" in host.read("a.txt"), "the typing on disk")
        peers = json.loads(host.command("peers", "--json").stdout)["peers"]
        assert ("Alan Turing", "JupyterLab", "127.0.0.1") in [
            (peer["name"], peer["client"], peer["from"]) for peer in peers
        ]
        assert host.command("share", "--revoke", "Alan Turing").returncode == 0
        lab.until(lambda: not others(host), "the browser to be out")
        lab.type(" and after that")
        host.write("b.txt", "the host goes on\n")
        host.wait()
        page.goto(url)
        page.locator("#password_input").wait_for()
    assert "and after that" not in host.read("a.txt")


def others(host) -> list[str]:
    peers = json.loads(host.command("peers", "--json").stdout)["peers"]
    return [peer["name"] for peer in peers if not peer["you"]]
