"""``rtcd resume``: go on after a halt."""

from __future__ import annotations

from pathlib import Path

import click

from rtcd.daemon.control_client import ask
from rtcd.daemon.status import StatusReport
from rtcd.errors import HaltedError, UsageError
from rtcd_cli.output import line, mark, plural, safe, show, show_json
from rtcd_cli.project_option import ask_status, chosen_places, directory_argument, json_option

HINT = "`rtcd resume --restore` puts the files back, `rtcd resume --apply` lets it happen for everybody."


@click.command()
@directory_argument
@click.option("--apply", "apply", is_flag=True, help="It was meant: let it happen for everybody.")
@click.option("--restore", "restore", is_flag=True, help="It was not meant: put the files back.")
@json_option
def resume(directory: Path | None, apply: bool, restore: bool, as_json: bool) -> None:
    """Go on after rtcd halted for safety.

    rtcd halts before a mass deletion or an emptied folder spreads to everybody. Look at the folder,
    then choose. Without a choice it says why it halted (exit code 4).
    """
    if apply and restore:
        raise UsageError("--apply and --restore are opposites", hint="Choose one of them.")
    places = chosen_places(directory)
    status = ask_status(places)
    if status.state != "halted":
        if as_json:
            show_json({"schema": 1, "project": status.project, "resumed": False, "files": []})
        else:
            show("Nothing is halted.")
        return
    if not apply and not restore:
        raise HaltedError(why_halted(status), hint=HINT)
    mode = "apply" if apply else "restore"
    result = ask(places.control_socket, "resume", {"mode": mode}, timeout=None) or {}
    files = result.get("files", [])
    if as_json:
        show_json({"schema": 1, "project": status.project, "resumed": True, "files": files})
        return
    count = plural(len(files), "file")
    done = f"{count} deleted for everybody" if apply else f"{count} put back"
    show(line(mark("ok"), f" {done}; rtcd goes on with ", (safe(status.project), "cyan")))


def why_halted(status: StatusReport) -> str:
    """The problem that stands behind the halt, in a sentence."""
    for problem in status.problems:
        if problem.code in {"halted", "mass-deletion", "emptied-folder"}:
            return problem.message
    return "rtcd halted for safety"
