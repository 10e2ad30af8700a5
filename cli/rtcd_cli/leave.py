"""``rtcd leave``: end taking part in somebody's project; the files stay."""

from __future__ import annotations

from pathlib import Path

import click

from rtcd.errors import NoDaemonError, UsageError
from rtcd.lan.membership import Membership, forget_membership
from rtcd_cli.output import line, mark, next_step, safe, show, show_json
from rtcd_cli.project_option import ask_status, chosen_places, directory_argument, json_option


@click.command()
@directory_argument
@json_option
def leave(directory: Path | None, as_json: bool) -> None:
    """Forget the project that this folder joined; the files stay.

    Its token and key go, too. Afterwards `rtcd start` shares the folder as one of your own.
    """
    places = chosen_places(directory)
    try:
        ask_status(places)
    except NoDaemonError:
        pass
    else:
        raise UsageError("the folder is in use", hint="`rtcd stop` first, then `rtcd leave`.")
    membership = Membership.read(places)
    left = forget_membership(places)
    if as_json:
        show_json({"schema": 1, "project": str(places.project), "left": left})
    elif left:
        name = (membership.project or membership.url) if membership else "the project"
        show(line(mark("ok"), " Left ", (safe(name), "bold"), "; the files stay"))
        show(next_step("rtcd start", "share the folder as your own"))
    else:
        show("Nothing to leave: this folder joined nothing.")
