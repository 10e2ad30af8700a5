"""``rtcd status``: am I connected, is anything not everywhere yet, is anything set aside?"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click
from rich.live import Live

from rtcd.daemon.status import StatusReport
from rtcd.places import Places
from rtcd_cli.output import show, show_json, stdout_console
from rtcd_cli.project_option import ask_status, chosen_places, directory_argument, json_option
from rtcd_cli.status_screen import one_line, screen

POLL_SECONDS = 20.0
# A burst of typing changes the status many times a second; nobody reads faster than this.
REDRAW_PAUSE_SECONDS = 0.1


@click.command()
@directory_argument
@json_option
@click.option("--watch", is_flag=True, help="Show every change until Ctrl-C.")
@click.option("--check", is_flag=True, help="Exit code 1 if not in sync or conflicts are open.")
@click.option("--all", "all_files", is_flag=True, help="List every file, not only the odd ones.")
def status(directory: Path | None, as_json: bool, watch: bool, check: bool, all_files: bool) -> int:
    """Show what is on its way, what is set aside, and who is here.

    "In sync" is a claim about the world: every file that is not held equals what the server has,
    and nothing is unread on either side. With --watch --json each change is one JSON document on
    a line of its own.
    """
    places = chosen_places(directory)
    report = ask_status(places)
    if watch:
        return _watch(places, report, as_json=as_json, all_files=all_files)
    if as_json:
        show_json(report.to_json())
    else:
        show(screen(report, now=time.time(), all_files=all_files))
    return int(check and needs_attention(report))


def needs_attention(report: StatusReport) -> bool:
    """What ``--check`` asks: not in sync, or conflicts are open."""
    return report.state != "synced" or report.conflicts > 0


def _watch(places: Places, report: StatusReport, *, as_json: bool, all_files: bool) -> int:
    console = stdout_console()
    if as_json or not console.is_terminal:
        while True:
            text = json.dumps(report.to_json()) if as_json else one_line(report, now=time.time())
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
            report = _next(places, report)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            now = time.time()
            live.update(screen(report, now=now, all_files=all_files, watching=True), refresh=True)
            time.sleep(REDRAW_PAUSE_SECONDS)
            report = ask_status(places, since=report.seq, timeout=POLL_SECONDS)


def _next(places: Places, report: StatusReport) -> StatusReport:
    """The next report that differs; a long poll that ends without news is asked again."""
    while True:
        newer = ask_status(places, since=report.seq, timeout=POLL_SECONDS)
        if newer != report:
            return newer
        time.sleep(REDRAW_PAUSE_SECONDS)
