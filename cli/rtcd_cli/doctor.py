"""``rtcd doctor``: what may be wrong, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from rtcd.daemon.status import SCHEMA
from rtcd_cli.doctor_checks.all_checks import all_checks
from rtcd_cli.doctor_checks.check import Check
from rtcd_cli.output import line, mark, plural, safe, show, show_json, table
from rtcd_cli.project_option import chosen_places, directory_argument, json_option


@click.command()
@directory_argument
@json_option
def doctor(directory: Path | None, as_json: bool) -> int:
    """Check what may be wrong, and say what to do.

    Versions, known defects of servers, permissions, watch limits, abilities of the file system,
    disk space, clocks; the share on the network, or the host of a joined project. Changes nothing but short-lived files inside .rtcd/. Exit code 1 when something was found.
    """
    places = chosen_places(directory)
    checks = all_checks(places)
    findings = [check for check in checks if check.outcome in ("warn", "fail")]
    if as_json:
        items = [check.to_json() for check in checks]
        show_json({"schema": SCHEMA, "project": str(places.project), "checks": items})
        return int(bool(findings))
    show(line(("Checking ", "bold"), (safe(str(places.project)), "bold cyan")), "")
    rows = [(line(mark(check.outcome), f" {check.name}"), _words(check)) for check in checks]
    show(table(("CHECK", "RESULT"), rows), "")
    if not findings:
        show(line(mark("ok"), " Nothing found."))
        return 0
    show(line(mark("warn"), f" {plural(len(findings), 'finding')}."))
    if places.log_file.exists():
        show(line("The daemon's log is ", (safe(str(places.log_file)), "cyan")))
    return 1


def _words(check: Check) -> Text:
    hint = [("\n" + safe(check.hint), "dim")] if check.hint and check.outcome != "ok" else []
    return line(safe(check.message), *hint)
