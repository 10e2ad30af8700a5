"""``rtcd start``: share a folder and keep it in sync in the background."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
from rich.text import Text

from rtcd.daemon.ready import LeftOut, ReadyReport
from rtcd.errors import UsageError
from rtcd.lan.login import find_token
from rtcd.lan.membership import Membership
from rtcd.places import Places
from rtcd.server.address import ServerAddress
from rtcd.settings import Direction, Settings, default_name
from rtcd_cli.already_running import already_running
from rtcd_cli.daemon_process import begin, run_foreground
from rtcd_cli.output import (
    facts,
    line,
    mark,
    next_step,
    plural,
    safe,
    show,
    show_json,
    table,
)
from rtcd_cli.progress import progress_line
from rtcd_cli.project_option import Call, chosen_places, directory_argument, json_option
from rtcd_cli.token_source import given_token
from rtcd_cli.words import HOLDS, SERVER_MODES, worded

EPILOG = """\b
Examples:
  rtcd start                       share the current folder, with a server of its own
  rtcd start ~/thesis --name Ann   another folder, and the name that others see
  RTCD_TOKEN=... rtcd start --server https://hub.example.org/user/ann/
"""


@click.command(epilog=EPILOG)
@directory_argument
@click.option("--server", metavar="URL", help="A Jupyter server that runs elsewhere.")
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the server's token; else RTCD_TOKEN is used.",
)
@click.option(
    "--remote-path", metavar="P", default="", help="The folder on the server, with --server."
)
@click.option(
    "--allow-http",
    is_flag=True,
    help="Send the token to a server elsewhere over plain http: everybody on the way can read it.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="The name that others see; else the one you joined with, else your account's.",
)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port of the server that rtcd starts; else any free one.",
)
@click.option("--foreground", is_flag=True, help="Stay attached to the terminal, log to it.")
@click.option(
    "--receive-only", is_flag=True, help="Take everything in, send nothing; with --server."
)
@click.option(
    "--send-only", is_flag=True, help="Send everything, change no file here; with --server."
)
@click.option("--no-lan", is_flag=True, help="Do not look for others on the local network.")
@json_option
@click.pass_obj
def start(
    call: Call,
    directory: Path | None,
    server: str | None,
    token_file: Path | None,
    remote_path: str,
    allow_http: bool,
    name: str | None,
    port: int,
    foreground: bool,
    receive_only: bool,
    send_only: bool,
    no_lan: bool,
    as_json: bool,
) -> int:
    """Share a folder and keep it in sync, in the background.

    Without --server it uses a local Jupyter server that already serves the folder with rtcd's
    extension, or starts one. Returns when everyone can edit.

    A token gives whoever has it the right to run programs on the server. It is read from
    --token-file, RTCD_TOKEN or a `?token=` in the URL (taken out at once), and never shown. It goes
    over https, or to this machine (a tunnel's near end), and over plain http only with --allow-http.
    """
    places = _places_to_share(directory)
    joined = Membership.read(places)
    settings = _with_server(
        Settings(
            project=places.project,
            remote_path=remote_path.strip("/"),
            allows_http=allow_http,
            name=name or (joined and joined.name) or default_name(),
            port=port,
            lan=not no_lan,
            direction=_direction(
                server is not None or joined is not None,
                receive_only=receive_only,
                send_only=send_only,
            ),
        ),
        server,
        token_file,
    )
    running = already_running(places)
    if running is not None:
        _tell(running, as_json=as_json, already=True)
        return 0
    if foreground:
        places.make()
        with progress_line(wanted=not as_json) as progress:
            return run_foreground(
                settings, places, progress, _told_when_ready(as_json), call.daemon_command
            )
    _tell(start_with(call, settings, places, quiet=as_json), as_json=as_json)
    return 0


def _direction(is_elsewhere: bool, *, receive_only: bool, send_only: bool) -> Direction:
    if not (receive_only or send_only):
        return "both"
    if receive_only and send_only:
        raise UsageError("--receive-only and --send-only exclude each other", hint="Choose one.")
    if not is_elsewhere:
        raise UsageError(
            "--receive-only and --send-only need --server",
            hint="A folder that rtcd serves itself is the server's own folder; both are the same.",
        )
    return "receive" if receive_only else "send"


def start_with(call: Call, settings: Settings, places: Places, *, quiet: bool) -> ReadyReport:
    """Start the daemon in the background; tells nothing but its progress, on a terminal."""
    places.make()
    with call.spawned() as daemon, progress_line(wanted=not quiet) as progress:
        return begin(daemon, settings, places, progress)


def start_for(call: Call, places: Places, *, quiet: bool) -> None:
    """Make sure that a daemon runs for the folder, as ``rtcd start`` without options does."""
    if already_running(places) is None:
        checked = _places_to_share(places.project)
        start_with(call, Settings(project=checked.project), checked, quiet=quiet)


def _places_to_share(directory: Path | None) -> Places:
    places = chosen_places(directory)
    named = directory is not None or click.get_current_context().ensure_object(Call).folder
    if places.project == Path(places.project.anchor):
        raise UsageError("the root of the file system cannot be shared", hint="Choose a folder.")
    if places.project == Path.home().resolve() and not named:
        raise UsageError(
            "this is your home folder",
            hint="Change into a project first, or name the folder: `rtcd start DIR`.",
        )
    if not os.access(places.project, os.W_OK | os.X_OK):
        raise UsageError(
            f"you may not write into {places.project}", hint="Share a folder of your own."
        )
    return places


def _with_server(settings: Settings, server: str | None, token_file: Path | None) -> Settings:
    if server is None:
        if settings.remote_path:
            raise UsageError("--remote-path needs --server", hint="Name the server, too.")
        if settings.allows_http:
            raise UsageError("--allow-http needs --server", hint="Name the server, too.")
        if token_file is not None:
            raise UsageError("--token-file needs --server", hint="Name the server, too.")
        return settings
    if settings.port:
        raise UsageError(
            "--port is for a server that rtcd starts",
            hint="Put the port of a running server into its URL.",
        )
    address = ServerAddress.parse(server, given_token(token_file))
    token = address.token.reveal() or find_token(address.url)
    if token and not settings.allows_http:
        address.refuse_open_token()
    return replace(settings, server_url=address.url, token=token)


def _told_when_ready(as_json: bool) -> Callable[[ReadyReport], None]:
    def tell(report: ReadyReport) -> None:
        _tell(report, as_json=as_json, foreground=True)
        sys.stdout.flush()

    return tell


def _tell(
    report: ReadyReport, *, as_json: bool, already: bool = False, foreground: bool = False
) -> None:
    if as_json:
        show_json(report.to_json())
        return
    head = "Already sharing " if already else "Sharing "
    show(line(mark("ok"), " ", (head, "bold"), (safe(report.project), "bold cyan")), "")
    shared = "none yet" if report.files_shared == 0 else f"{report.files_shared:,} shared"
    rows: list[tuple[str, str | Text]] = [
        ("JupyterLab", safe(report.lab_url)),
        ("Server", worded(SERVER_MODES, report.mode)),
        ("Files", shared),
        ("Daemon", f"process {report.pid}"),
    ]
    show(facts(rows), "")
    if not report.connected:
        _tell_offline()
    if report.left_out:
        _tell_left_out(report.left_out)
    if foreground:
        show(line(("Ctrl-C stops it.", "dim")))
    elif already or not report.connected:
        show(next_step("rtcd status", "what is going on"))
    else:
        show(next_step("rtcd open", "JupyterLab in your browser, logged in"))


def _tell_offline() -> None:
    show(
        line(mark("warn"), " Offline: the server does not answer."),
        "  Go on editing: what you save waits here, and is merged by itself when it is back.",
        "",
    )


def _tell_left_out(left_out: tuple[LeftOut, ...]) -> None:
    count = sum(item.count for item in left_out)
    show(line(mark("warn"), f" {plural(count, 'file')} left out; bytes untouched"))
    rows = [
        (f"{item.count:,}", worded(HOLDS, item.reason), safe(item.example)) for item in left_out
    ]
    show(table(("COUNT", "WHY", "FOR EXAMPLE"), rows, wrapping=("WHY",)), "")
