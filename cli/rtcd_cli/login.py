"""``rtcd login`` and ``rtcd logout``: keep the token of a server, or forget it."""

from __future__ import annotations

import asyncio
import getpass
import sys
from pathlib import Path

import click

from rtcd.errors import RtcdError, UsageError
from rtcd.lan.login import find_token, forget_token, keep_token
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd_cli.output import line, mark, next_step, safe, show, show_json
from rtcd_cli.project_option import json_option
from rtcd_cli.token_source import given_token

KEPT = {
    "keyring": "in the keyring of this system",
    "file": "in a file that only you can read",
}


@click.command()
@click.argument("url")
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the token; else RTCD_TOKEN, else it is asked for.",
)
@json_option
def login(url: str, token_file: Path | None, as_json: bool) -> None:
    """Keep the token of a Jupyter server.

    `rtcd join URL` and `rtcd start --server URL` find it. The token is tried first. It goes into the system's keyring where there is one, else into a
    file that only you can read.
    """
    address = ServerAddress.parse(url, given_token(token_file))
    address.refuse_open_token()
    token = address.token.reveal() or _ask()
    who = asyncio.run(_try(ServerAddress.parse(address.url, token)))
    where = keep_token(address.url, token)
    if as_json:
        show_json({"schema": 1, "url": address.url, "kept": where, "user": who})
        return
    show(line(mark("ok"), " Logged in at ", (safe(address.url), "cyan"), f" as {safe(who)}"))
    show(f"The token is {KEPT[where]}.", "")
    show(next_step(f"rtcd join {safe(address.url)}", "attach a folder"))


@click.command()
@click.argument("url")
@json_option
def logout(url: str, as_json: bool) -> None:
    """Forget the token of a server.

    Folders that joined with it keep the one they have: `rtcd leave` makes them forget. The server
    itself still knows the token; take it back there if somebody else may have it.
    """
    address = ServerAddress.parse(url)
    found = forget_token(address.url)
    if as_json:
        show_json({"schema": 1, "url": address.url, "forgotten": found})
    elif found:
        show(line(mark("ok"), " Forgot the token of ", (safe(address.url), "cyan")))
    else:
        show(line("Nothing to forget: no token is kept for ", (safe(address.url), "cyan")))


async def _try(address: ServerAddress) -> str:
    async with ServerClient(address) as client:
        about = await client.about()
    return str(about.user.get("display_name") or about.user.get("name") or "yourself")


def _ask() -> str:
    if not sys.stdin.isatty():
        raise UsageError("no token was given", hint="Use --token-file or RTCD_TOKEN.")
    token = getpass.getpass("Token (not shown): ", stream=sys.stderr).strip()
    if not token:
        raise RtcdError("no token was given")
    return token


__all__ = ["find_token", "login", "logout"]
