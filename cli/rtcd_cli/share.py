"""``rtcd share``: let somebody on the same network in, with one code."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from rtcd.daemon.control_client import ask
from rtcd.errors import NoDaemonError, UsageError
from rtcd.lan.guest_book import GuestBook
from rtcd.lan.interfaces import url_host
from rtcd.lan.share_state import share_folder
from rtcd.places import Places
from rtcd.server.pin import fingerprint
from rtcd_cli.output import (
    facts,
    how_long_ago,
    line,
    mark,
    next_step,
    plural,
    safe,
    show,
    show_json,
    stdout_console,
    table,
)
from rtcd_cli.project_option import Call, chosen_places, directory_argument, json_option
from rtcd_cli.start import start_for

ASK_SECONDS = 30.0
LOOK_SECONDS = 0.5
EPILOG = """\b
Examples:
  rtcd share                    a code for a colleague who has rtcd
  rtcd share --browser          a code for a colleague who has only a browser
  rtcd share --list             who may come in
  rtcd share --revoke "Grace"   turn somebody out, at once
  rtcd share --stop             close the door to the network
"""

View = dict[str, Any]


@click.command(epilog=EPILOG)
@directory_argument
@click.option("--browser", is_flag=True, help="A code to type into JupyterLab's login page.")
@click.option(
    "--name", metavar="NAME", default="", help="What the guest is called, with --browser."
)
@click.option("--list", "listing", is_flag=True, help="Show who may come in.")
@click.option("--revoke", metavar="NAME", help="Turn a guest out.")
@click.option("--stop", "stopping", is_flag=True, help="Stop sharing on the network.")
@click.option("--no-wait", is_flag=True, help="Return at once instead of waiting for the guest.")
@json_option
@click.pass_obj
def share(
    call: Call,
    directory: Path | None,
    browser: bool,
    name: str,
    listing: bool,
    revoke: str | None,
    stopping: bool,
    no_wait: bool,
    as_json: bool,
) -> int:
    """Let somebody on the same network in, with a one-time code.

    The code lets one person in, within ten minutes; one wrong guess spoils it. Whoever comes in
    may edit every file of the project and run programs on this machine, as you: give a code only
    to people you would let sit at your keyboard. Traffic is encrypted, and every guest has a token
    of their own that you can take back.
    """
    if sum((browser, listing, revoke is not None, stopping)) > 1:
        raise UsageError("choose one of --browser, --list, --revoke and --stop")
    if name and not browser:
        raise UsageError(
            "--name goes with --browser", hint="Guests with rtcd bring their own name."
        )
    places = chosen_places(directory)
    if revoke is not None:
        return _revoke(places, revoke, as_json=as_json)
    if listing:
        return _list(_ask(places, "look"), places, as_json=as_json)
    if stopping:
        return _stop(places, as_json=as_json)
    start_for(call, places, quiet=as_json)
    view = _ask(places, "browser", name=name) if browser else _ask(places, "code")
    return _offer(view, places, browser=browser, wait=not no_wait, as_json=as_json)


def _offer(view: View, places: Places, *, browser: bool, wait: bool, as_json: bool) -> int:
    if as_json:
        show_json({"schema": 1, "project": str(places.project), **view})
        return 0
    show(line(mark("ok"), " Sharing on your network: ", (safe(str(places.project)), "bold cyan")))
    show("")
    (_tell_browser if browser else _tell_code)(view)
    show(
        "",
        line(
            mark("warn"),
            " Whoever comes in can run programs on this machine, as you."
            " Tell the code to one person you trust.",
        ),
        "",
    )
    if not wait or not stdout_console().is_terminal:
        show(next_step("rtcd share --list", "who came in"))
        return 0
    return _wait(places, "browser" if browser else "join", known=_names(view))


def _tell_code(view: View) -> None:
    code = str(view["code"])
    show(
        facts(
            [
                ("Code", Text(code, style="bold")),
                ("They type", f"rtcd join {code}"),
                ("Good for", "one guest, ten minutes; a wrong guess spoils it"),
                ("Elsewhere", safe(f"rtcd join {_urls(view)[0]}") if _urls(view) else "no network"),
            ]
        )
    )


def _tell_browser(view: View) -> None:
    urls = _urls(view)
    rows: list[tuple[str, str | Text]] = [
        ("Open", safe(f"{urls[0]}lab") if urls else "no network"),
        ("Type there", Text(str(view["code"]), style="bold")),
        ("Key", safe(fingerprint(view["pin"]))),
    ]
    show(facts(rows), "")
    show(
        "The browser warns once, because no authority vouches for this machine. Compare the key:",
        "its certificate's public key (SHA-256) begins with the digits above. Then go on.",
    )


def _wait(places: Places, purpose: str, known: set[str]) -> int:
    """Until somebody came, or the code is over; Ctrl-C leaves the code as it is."""
    console = stdout_console()
    with console.status("Waiting for your guest (Ctrl-C leaves the code valid)"):
        while True:
            time.sleep(LOOK_SECONDS)
            view = _ask(places, "look")
            offer = view["offers"][purpose] or {}
            if offer.get("state") != "open":
                break
    new = [guest for guest in view["guests"] if guest["name"] not in known]
    if new:
        guest = new[-1]
        show(
            line(
                mark("ok"),
                " ",
                (safe(guest["name"]), "bold"),
                f" joined from {safe(guest['address'])}",
            )
        )
        show(next_step("rtcd peers", "who is here, and where"))
        return 0
    words = {
        "burned": f"Somebody at {safe(str(offer.get('by')))} tried a wrong code; it is spoiled.",
        "expired": "Nobody came within ten minutes; the code is over.",
    }
    show(line(mark("warn"), " ", words.get(offer.get("state", ""), "The code was taken back.")))
    show(next_step("rtcd share", "a new code"))
    return 1


def _list(view: View, places: Places, *, as_json: bool) -> int:
    if as_json:
        show_json({"schema": 1, "project": str(places.project), **view})
        return 0
    if not view["on"]:
        show(line(mark("idle"), " Not shared on the network: only this machine comes in."), "")
        show(next_step("rtcd share", "let somebody in"))
        return 0
    rows: list[tuple[str, str | Text]] = [
        ("Address", safe("  ".join(_urls(view)) or "no network")),
        ("Key", safe(fingerprint(view["pin"]))),
        ("Announced", "yes, without names" if view.get("announced") else "no"),
    ]
    rows += [
        _offer_row(offer, kind)
        for kind, offer in (
            ("", view["offers"]["join"]),
            (" for a browser", view["offers"]["browser"]),
        )
        if offer is not None
    ]
    show(line(mark("ok"), " Shared on the network"), "", facts(rows), "")
    show(_guests(view["guests"]), "")
    show(next_step("rtcd share", "let somebody else in"))
    return 0


def _offer_row(offer: dict[str, Any], kind: str) -> tuple[str, str]:
    """How a code stands, or how it ended."""
    number, by = f"number {offer['number']}{kind}", safe(str(offer.get("by")))
    if offer["state"] == "open":
        return "Open code", f"{number}, {_left(offer['seconds_left'])}"
    ends = {"used": f"used by {by}", "burned": f"spoiled by a wrong guess from {by}"}
    ends |= {"expired": "not used within ten minutes"}
    return "Last code", f"{number}, {ends.get(offer['state'], 'taken back')}"


def _guests(guests: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - what rich can show
    if not guests:
        return "No guests."
    now = time.time()
    return table(
        ("GUEST", "WITH", "JOINED", "LAST FROM", "NOW"),
        [
            (
                safe(guest["name"]),
                "rtcd" if guest["kind"] == "rtcd" else "a browser",
                how_long_ago(guest["joined"], now),
                safe(guest["address"]),
                "connected" if guest["connections"] else "away",
            )
            for guest in guests
        ],
        wrapping=("GUEST",),
    )


def _revoke(places: Places, name: str, *, as_json: bool) -> int:
    try:
        gone = str(_ask(places, "revoke", name=name)["revoked"])
    except NoDaemonError:
        # The file is the truth; a server that still runs looks at it every second.
        gone = GuestBook(share_folder(places)).revoke(name).name
    if as_json:
        show_json({"schema": 1, "project": str(places.project), "revoked": gone})
        return 0
    show(line(mark("ok"), " ", (safe(gone), "bold"), " may not come in any more, and is out"))
    show("What they have on their own disk stays there; programs they started here go on.", "")
    show(next_step("rtcd share --list", "who may come in"))
    return 0


def _stop(places: Places, *, as_json: bool) -> int:
    view = _ask(places, "close")
    if as_json:
        show_json({"schema": 1, "project": str(places.project), **view})
        return 0
    show(line(mark("ok"), " Closed: only this machine comes in"))
    if view["guests"]:
        count = plural(len(view["guests"]), "guest")
        show(f"{count} may come back when you share again; `rtcd share --revoke NAME` ends that.")
    return 0


def _ask(places: Places, action: str, **arguments: str) -> View:
    answer = ask(
        places.control_socket, "share", {"action": action, **arguments}, timeout=ASK_SECONDS
    )
    assert isinstance(answer, dict)
    return answer


def _names(view: View) -> set[str]:
    return {guest["name"] for guest in view["guests"]}


def _urls(view: View) -> list[str]:
    """Addresses for people: IPv4 first, none that needs a zone."""
    usable = [text for text in view["addresses"] if not text.startswith("fe80")]
    return [f"https://{url_host(text)}:{view['port']}/" for text in usable]


def _left(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes} min left" if minutes else f"{int(seconds)} s left"
