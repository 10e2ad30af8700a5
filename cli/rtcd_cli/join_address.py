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
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import click

from rtcd.errors import RtcdError, ServerRefusedError, UsageError
from rtcd.lan.join_code import JoinCode, looks_like_code
from rtcd.lan.knock import Invitation, knock, knock_verified
from rtcd.lan.login import find_token
from rtcd.lan.look_at_key import look_at_key
from rtcd.lan.membership import Membership
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.pin import fingerprint, pinned_context
from rtcd_cli.output import line, safe, show, stderr_console
from rtcd_cli.token_source import given_token

Progress = Callable[[str], None]


def join_address(
    typed: str,
    name: str,
    remote_path: str,
    *,
    token_file: Path | None,
    key: str | None,
    progress: Progress,
) -> tuple[Membership, str]:
    """The membership and its token.

    Raises:
        UsageError: the address is none, or would carry the token in the open.
        RtcdError: the server cannot be reached, refuses, or is not who it should be.
    """
    address = ServerAddress.parse(typed, given_token(token_file))
    _check_hub(address.url)
    if not address.url.startswith("https:") and not address.is_loopback:
        raise UsageError(
            "a token would go over the network in the open",
            hint="Use the server's https address, or a tunnel: "
            "`ssh -L 8888:localhost:8888 HOST`, then `rtcd join http://localhost:8888/`.",
        )
    secret = address.token.reveal() or find_token(address.url) or _ask()
    if looks_like_code(secret):
        progress("proving the code")
        invitation = asyncio.run(_by_code(address.url, JoinCode.parse(secret), name))
        return _invited(invitation, remote_path), invitation.token
    progress("asking the server")
    return asyncio.run(_by_token(address.url, secret, name, remote_path, key))


async def _by_code(url: str, code: JoinCode, name: str) -> Invitation:
    if not url.startswith("https:") or await is_vouched_for(url):
        return await knock_verified(url, code, name)
    return await knock(url, code, name)


async def _by_token(
    url: str, token: str, name: str, remote_path: str, key: str | None
) -> tuple[Membership, str]:
    pin = None
    if key is not None or (url.startswith("https:") and not await is_vouched_for(url)):
        pin = await _trusted_pin(url, key)
    tls = pinned_context(pin) if pin is not None else None
    async with ServerClient(ServerAddress.parse(url, token, tls=tls)) as client:
        about = await client.about()
        if not about.collaboration:
            raise ServerRefusedError(
                f"the Jupyter server at {url} has no real-time collaboration",
                hint="Install it there: `pip install jupyter-collaboration`, then restart it.",
                code="no-collaboration",
            )
        if remote_path:
            await client.list_folder(remote_path)
    project = remote_path.rpartition("/")[2]
    membership = Membership(url=url, pin=pin, project=project, name=name, remote_path=remote_path)
    return membership, token


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


def _invited(invitation: Invitation, remote_path: str) -> Membership:
    return Membership(
        url=invitation.url,
        pin=invitation.pin,
        key=invitation.key,
        project=invitation.project,
        host=invitation.host,
        name=invitation.name,
        remote_path=remote_path,
    )


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
