"""``rtcd join``: take part in somebody's project, by a code or by its address."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtcd.daemon.ready import ReadyReport
from rtcd.errors import UsageError
from rtcd.lan.join_code import JoinCode, looks_like_code
from rtcd.places import INSIDE, Places, make_private_folder
from rtcd.settings import Settings, default_name
from rtcd_cli.already_running import already_running
from rtcd_cli.daemon_process import Progress, begin
from rtcd_cli.progress import progress_line
from rtcd_cli.project_option import Call, json_option

if TYPE_CHECKING:
    from rich.text import Text

    from rtcd.lan.membership import Membership
    from rtcd_cli.join_way import Way

# More is imported where it is used: loading it would keep the daemon from being started.

BROWSE_SECONDS = 2.5
EPILOG = """\b
Examples:
  rtcd join 7-guitar-honey-otter thesis     a colleague's code, into a new folder
  rtcd join                                 see who shares on this network, type the code
  rtcd join https://192.168.1.5:40123/      where announcements do not arrive; asks for the code
  rtcd join https://hub.example.org/user/ann/ --remote-path thesis
"""


@click.command(epilog=EPILOG)
@click.argument("target", metavar="[CODE|URL]", required=False)
@click.argument(
    "directory", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path)
)
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The same as DIR.",
)
@click.option("--name", metavar="NAME", help="The name that others see; else your account's.")
@click.option(
    "--remote-path", metavar="P", default="", help="The folder on the server, with a URL."
)
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the server's token, with a URL; else RTCD_TOKEN, else it is asked for.",
)
@click.option(
    "--key",
    metavar="DIGITS",
    help="The key that the host shows (`rtcd share --list`), for an address with a token.",
)
@json_option
@click.pass_obj
def join(
    call: Call,
    target: str | None,
    directory: Path | None,
    folder: Path | None,
    name: str | None,
    remote_path: str,
    token_file: Path | None,
    key: str | None,
    as_json: bool,
) -> int:
    """Take part in somebody's project, by a code or an address.

    Their files come into a folder here, and stay in sync. With a code it looks on the local
    network for the host, proves the code without telling it to anybody, and remembers the host by
    its key. `rtcd start` in the folder comes back by itself. Without a code it lists who shares
    on this network, and asks.

    What is in the folder already is merged into the project: an empty folder is the safe choice.
    """
    places = _places(directory or folder or call.folder)
    if already_running(places) is not None:
        raise UsageError(
            f"{places.project} is shared already",
            hint="`rtcd stop` first, or join into another folder.",
        )
    person = name or default_name()
    target = target if target is not None else _ask_for_code(as_json=as_json)
    if looks_like_code(target) or not _looks_like_address(target):
        if remote_path or token_file or key:
            raise UsageError("--remote-path, --token-file and --key go with an address")
        way = _way_by_code(JoinCode.parse(target), person)
    else:
        from rtcd_cli.join_address import way_by_address

        way = way_by_address(target, person, remote_path.strip("/"), token_file, key)
    make_private_folder(places.state)
    # The daemon loads while the host is looked for.
    with call.spawned() as daemon, progress_line(wanted=not as_json) as progress:
        membership, token = way(progress)
        places.make()
        membership.write(places, token)
        settings = Settings(project=places.project, name=membership.name or person)
        report = begin(daemon, settings, places, progress, meanwhile=_load_output)
    _tell(report, membership, as_json=as_json)
    return 0


def _tell(report: ReadyReport, membership: Membership, *, as_json: bool) -> None:
    from rtcd_cli.output import facts, line, mark, next_step, safe, show, show_json

    if as_json:
        joined = {"project": membership.project, "host": membership.host, "name": membership.name}
        show_json(report.to_json() | {"joined": joined})
        return
    what = safe(membership.project or membership.url)
    whose = f" of {safe(membership.host)}" if membership.host else ""
    rows: list[tuple[str, str | Text]] = [
        ("Folder", safe(report.project)),
        ("Host", safe(report.url)),
        ("You are", safe(membership.name)),
        ("Files", f"{report.files_shared:,} shared"),
    ]
    show(line(mark("ok"), " Joined ", (what, "bold"), whose), "", facts(rows), "")
    show(next_step("rtcd peers", "who is here, and where"))


def _places(chosen: Path | None) -> Places:
    """The folder to join with. One with files in it has to be named, for they will be shared."""
    folder = chosen if chosen is not None else Path.cwd()
    if folder.resolve() == Path.home().resolve() or folder.resolve() == Path(
        folder.resolve().anchor
    ):
        raise UsageError(
            "this folder is too large to be one project",
            hint="Name a new folder: `rtcd join CODE thesis`.",
        )
    if chosen is None and any(folder.iterdir()) and not (folder / INSIDE).is_dir():
        raise UsageError(
            f"{folder} is not empty, and what is in it would be shared",
            hint="Name a new folder, `rtcd join CODE thesis`, or say `rtcd join CODE .` to merge this one.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"you may not write into {folder}", hint="Choose a folder of your own.")
    return Places.of(folder)


def _way_by_code(code: JoinCode, name: str) -> Way:
    def go(progress: Progress) -> tuple[Membership, str]:
        from rtcd.lan.join import join_on_network
        from rtcd_cli.join_way import way_by_proof

        return way_by_proof("looking for the host", lambda: join_on_network(code, name))(progress)

    return go


def _load_output() -> None:
    import rtcd_cli.output  # noqa: F401 - needed in a moment


def _looks_like_address(target: str) -> bool:
    return any(sign in target for sign in ("://", "/", ":", "."))


def _ask_for_code(*, as_json: bool) -> str:
    """List what the network offers, then ask; the host's screen shows the code."""
    import asyncio

    from rtcd_cli.output import show, stderr_console, table

    no_code = UsageError("no code was given", hint="Call it as `rtcd join 7-guitar-honey-otter`.")
    if as_json:
        raise no_code
    offers = asyncio.run(_offers())
    console = stderr_console()
    if offers:
        show(table(("CODE BEGINS WITH", "ADDRESS"), offers), "", console=console)
    else:
        show("Nobody on this network announces a project now.", "", console=console)
    if not sys.stdin.isatty():
        raise no_code
    return str(click.prompt("Code", err=True))


async def _offers() -> list[tuple[str, str]]:
    import asyncio

    from rtcd.lan.browse import browsing
    from rtcd.lan.interfaces import url_host

    async with browsing() as browser:
        await asyncio.sleep(BROWSE_SECONDS)
        return [
            (
                f"{one.number}-..." if one.number else "no open code",
                f"{url_host(one.addresses[0])}:{one.port}",
            )
            for one in browser.announced()
        ]
