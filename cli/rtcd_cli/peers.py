"""``rtcd peers``: who is here, from where, editing what."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from rtcd.daemon.control_client import ask
from rtcd.daemon.who import Peer
from rtcd.lan.membership import Membership
from rtcd_cli.output import line, mark, next_step, plural, safe, show, show_json, table
from rtcd_cli.project_option import chosen_places, directory_argument, json_option

ASK_SECONDS = 15.0
MOST_PATHS = 3


@click.command()
@directory_argument
@json_option
def peers(directory: Path | None, as_json: bool) -> None:
    """Show who is here, from where, and what they edit.

    Names are what people call themselves. A server without rtcd's extension cannot tell from
    where they are connected.
    """
    places = chosen_places(directory)
    answer = ask(places.control_socket, "peers", timeout=ASK_SECONDS)
    found = [Peer.from_json(item) for item in answer["peers"]]
    if as_json:
        show_json({"schema": 1, "project": str(places.project), **answer})
        return
    show(_head(sum(not peer.is_you for peer in found), connected=answer.get("connected", True)), "")
    rows = [
        (
            safe(peer.name) + (" (you)" if peer.is_you else ""),
            safe(peer.client),
            "this machine" if peer.is_you else _from(peer.address),
            _paths(peer.paths),
        )
        for peer in found
    ]
    show(table(("NAME", "WITH", "FROM", "EDITS"), rows, wrapping=("NAME", "WITH")), "")
    if Membership.read(places) is None:
        show(next_step("rtcd share", "let somebody else in"))
    else:
        show(next_step("rtcd status", "is everything of mine saved, and theirs here?"))


def _head(others: int, *, connected: bool) -> Text:
    if not connected:
        return line(mark("idle"), " Offline: who else is here cannot be told")
    if not others:
        return line(mark("ok"), " Only you are here")
    return line(mark("ok"), f" {plural(others, 'other person', 'others')} here")


def _from(address: str | None) -> str:
    if address is None:
        return "unknown"
    return "the host" if address in ("127.0.0.1", "::1") else safe(address)


def _paths(paths: tuple[str, ...]) -> str:
    shown = ", ".join(safe(path) for path in paths[:MOST_PATHS])
    more = len(paths) - MOST_PATHS
    return shown + (f" and {more:,} more" if more > 0 else "") or "nothing now"
