"""``rtcd wait``: return when every save and every change has arrived."""

from __future__ import annotations

import click

from rtcd.daemon.control_client import ask
from rtcd.errors import RtcdError
from rtcd_cli.output import show_json
from rtcd_cli.pending import pending_sentence
from rtcd_cli.project_option import folder_option, json_option, split_directory

EPILOG = """\b
Examples:
  black . && rtcd wait                      everybody has the formatted files
  rtcd wait --timeout 5 analysis.ipynb && git commit -a
"""


class PendingError(RtcdError):
    """Time is up and something is still on its way."""

    code = "pending"


@click.command(epilog=EPILOG)
@click.argument("words", metavar="[DIR] [PATH]...", nargs=-1)
@click.option(
    "--timeout",
    metavar="S",
    type=click.FloatRange(min=0),
    help="Give up after this many seconds; else it waits as long as it takes.",
)
@folder_option
@json_option
def wait(words: tuple[str, ...], timeout: float | None, as_json: bool) -> None:
    """Wait until every save and every change has arrived.

    That is: each save on disk at the time of the call is saved on the server, and each change that
    the server had is on disk. The server is asked for that: while it is away nothing has arrived.
    With PATHs only those files count. Exit code 1 when the time is up; it names what is pending and
    why. Files that are held do not count.
    """
    places, paths = split_directory(words)
    arguments = {"paths": [path.value for path in paths], "timeout": timeout}
    # The daemon keeps the time; ours only covers a daemon that does not answer at all.
    patience = None if timeout is None else timeout + 15.0
    while pending := (ask(places.control_socket, "wait", arguments, timeout=patience) or {}).get(
        "pending"
    ):
        if timeout is not None:
            break
    if pending:
        raise PendingError(
            f"still on its way after {timeout:g} s: {pending_sentence(pending)}",
            hint="Run `rtcd status` to see the connection, or wait with a longer --timeout.",
        )
    if as_json:
        show_json({"schema": 1, "project": str(places.project), "pending": []})
