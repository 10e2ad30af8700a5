"""``rtcd open``: JupyterLab in the browser, logged in, with the token in no argument list."""

from __future__ import annotations

import html
import os
import urllib.parse
import webbrowser
from pathlib import Path

import click

from rtcd.daemon.ready import ReadyReport
from rtcd.places import Places
from rtcd_cli.output import line, mark, next_step, safe, show, show_json
from rtcd_cli.project_option import ask_status, chosen_places, directory_argument, json_option

REDIRECT = "open.html"
PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={url}">
<title>JupyterLab</title>
</head>
<body><p>This page leads to JupyterLab; if nothing happens, <a href="{url}">go there</a>.</p></body>
</html>
"""


@click.command("open")
@directory_argument
@click.option("--no-browser", is_flag=True, help="Only print where it is.")
@json_option
def open_lab(directory: Path | None, no_browser: bool, as_json: bool) -> None:
    """Open JupyterLab in the browser, logged in.

    The token goes through a private file (mode 0600) that leads the browser on, so no process
    list shows it. Without a browser the plain address and the path of that file are printed.
    """
    places = chosen_places(directory)
    report = ReadyReport.of_running(ask_status(places), places)
    page = write_redirect(places, report.lab_url)
    opened = not no_browser and _open(page)
    if as_json:
        document = {"schema": 1, "lab_url": report.lab_url, "file": str(page), "opened": opened}
        show_json(document)
        return
    if opened:
        show(line(mark("ok"), " JupyterLab opens at ", (safe(report.lab_url), "cyan")))
        return
    show(line("JupyterLab is at  ", (safe(report.lab_url), "cyan")))
    show(line("Logged in through ", (safe(page.as_uri()), "cyan")))
    show("", next_step("rtcd status", "who is here"))


def write_redirect(places: Places, lab_url: str) -> Path:
    """Write the private page that leads to ``lab_url`` with the token; returns its path."""
    url = lab_url
    if places.token_file.exists():
        token = places.token_file.read_text(encoding="ascii").strip()
        url += "?" + urllib.parse.urlencode({"token": token})
    page = places.state / REDIRECT
    fresh = places.state / f"{REDIRECT}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(fresh, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(PAGE.format(url=html.escape(url, quote=True)))
    fresh.rename(page)
    return page


def forget_redirect(places: Places) -> None:
    """Remove the page; its token is of no use any more."""
    (places.state / REDIRECT).unlink(missing_ok=True)


def _open(page: Path) -> bool:
    # A text browser would take over the terminal and cannot run JupyterLab.
    if not (os.environ.get("BROWSER") or _has_screen()):
        return False
    try:
        return webbrowser.open(page.as_uri())
    except webbrowser.Error:
        return False


def _has_screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or (
        os.uname().sysname == "Darwin"
    )
