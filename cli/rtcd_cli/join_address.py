"""Joining by an address: a host whose announcements do not arrive, any Jupyter server, a hub.

What is asked for depends on what is there: a code proves both ends to each other; a token is only
sent to who has proved to be right, by the system's certificates, by a key that the host showed,
or by being on this machine (the near end of a tunnel).
"""

from __future__ import annotations

import asyncio
import getpass
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from rtcd.errors import RtcdError, ServerRefusedError, UsageError
from rtcd.lan.invitation import Invitation
from rtcd.lan.join_code import JoinCode, looks_like_code
from rtcd.lan.knock import knock, knock_verified
from rtcd.lan.login import find_token
from rtcd.lan.look_at_key import look_at_key
from rtcd.lan.membership import Membership
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.pin import fingerprint, pinned_context
from rtcd_cli.daemon_process import Progress
from rtcd_cli.join_way import Way, way_by_proof
from rtcd_cli.output import line, safe, show, stderr_console
from rtcd_cli.token_source import given_token


def way_by_address(
    typed: str, name: str, remote_path: str, token_file: Path | None, key: str | None
) -> Way:
    """Ask what has to be asked; the way in, for when everything is known.

    Raises:
        UsageError: the address is none, or would carry the token in the open.
        RtcdError: the server is not who it should be.
    """
    address = ServerAddress.parse(typed, given_token(token_file))
    url = address.url
    _check_hub(url)
    address.refuse_open_token()
    secret = address.token.reveal() or find_token(url) or _ask()
    if looks_like_code(secret):
        code = JoinCode.parse(secret)
        return way_by_proof("proving the code", lambda: _by_code(url, code, name), remote_path)
    pin = asyncio.run(_pin_for_token(url, key))
    membership = Membership(
        url=url,
        pin=pin,
        project=remote_path.rpartition("/")[2],
        name=name,
        remote_path=remote_path,
    )
    return lambda progress: _show_token(membership, secret, progress)


async def _by_code(url: str, code: JoinCode, name: str) -> Invitation:
    if not url.startswith("https:") or await is_vouched_for(url):
        return await knock_verified(url, code, name)
    return await knock(url, code, name)


def _show_token(membership: Membership, token: str, progress: Progress) -> tuple[Membership, str]:
    progress("asking the server")
    asyncio.run(_try(membership, token))
    return membership, token


async def _try(membership: Membership, token: str) -> None:
    tls = pinned_context(membership.pin) if membership.pin is not None else None
    async with ServerClient(ServerAddress.parse(membership.url, token, tls=tls)) as client:
        about = await client.about()
        if not about.collaboration:
            raise ServerRefusedError(
                f"the Jupyter server at {membership.url} has no real-time collaboration",
                hint="Install it there: `pip install jupyter-collaboration`, then restart it.",
                code="no-collaboration",
            )
        if membership.remote_path:
            await client.list_folder(membership.remote_path)


async def _pin_for_token(url: str, key: str | None) -> str | None:
    if not url.startswith("https:") or (key is None and await is_vouched_for(url)):
        return None
    return await _trusted_pin(url, key)


async def _trusted_pin(url: str, key: str | None) -> str:
    """The key that the server shows, if it is the one that the host showed to its people.

    Raises:
        RtcdError: it is another one, or nobody said that it is right.
    """
    pin = await look_at_key(url)
    if key is not None:
        wanted = "".join(key.split()).lower()
        if len(wanted) >= 32 and pin.startswith(wanted):
            return pin
        raise RtcdError(
            f"the server at {url} shows another key ({fingerprint(pin)}); nothing was sent to it",
            hint="Compare with `rtcd share --list` on the host.",
            code="key-changed",
        )
    if not sys.stdin.isatty():
        raise RtcdError(
            f"no authority vouches for the server at {url}",
            hint="Give the key that the host shows: --key DIGITS (`rtcd share --list` there).",
            code="unknown-key",
        )
    show(line("No authority vouches for ", safe(url), ". Its key is"), console=stderr_console())
    show(line("  ", (fingerprint(pin), "bold")), console=stderr_console())
    if not click.confirm("Does the host show the same key (rtcd share --list)?", err=True):
        raise RtcdError("not joined; nothing was sent", code="unknown-key")
    return pin


async def is_vouched_for(url: str) -> bool:
    """Whether the system's certificates vouch for an https address; only a greeting is sent."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(5.0):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or 443, ssl=ssl.create_default_context()
            )
    except (OSError, ssl.SSLError, TimeoutError):
        return False
    writer.transport.abort()
    return True


def _check_hub(url: str) -> None:
    names = [name for name in urlsplit(url).path.split("/") if name]
    if "hub" in names and "user" not in names[: names.index("hub") + 1]:
        raise UsageError(
            "this is the address of a hub, not of a server behind it",
            hint="It looks like https://hub.example.org/user/NAME/: copy it from JupyterLab's "
            "address bar. The token is made at https://hub.example.org/hub/token.",
        )


def _ask() -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            "neither a code nor a token was given",
            hint="Use --token-file or RTCD_TOKEN, or `rtcd login URL` once.",
        )
    return getpass.getpass("Code or token (not shown): ", stream=sys.stderr).strip()
