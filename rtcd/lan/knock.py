"""The guest's side of joining: prove the code to a host, and learn how to come in.

The order is what keeps it safe. First the key that the host shows is looked at; from then on every
connection is pinned to that key. Then the exchange: a share of a key, a proof of the code. Nothing
else leaves this machine before the host's own proof has been checked.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from rtcd.errors import ServerUnreachableError
from rtcd.lan.exchange import VERSION, GuestExchange, WrongProofError
from rtcd.lan.invitation import Invitation, JoinError
from rtcd.lan.join_code import JoinCode
from rtcd.lan.look_at_key import look_at_key
from rtcd.server.pin import is_pin, is_pin_mismatch, key_changed, pinned_context
from rtcd.server.zone import HOOKS

STEP_SECONDS = 10.0
MAX_ANSWER_BYTES = 16 * 1024
MAX_TEXT = 200


async def knock(url: str, code: JoinCode, name: str) -> Invitation:
    """Join a host on the network by its own certificate. ``url`` ends in a slash.

    Raises:
        ServerUnreachableError: nobody answers there.
        JoinError: the code is not that host's, or somebody stands between.
    """
    pin = await look_at_key(url)
    told = await _exchange(url, code, name, pin.encode(), pinned_context(pin))
    if told.get("pin") != pin:
        raise _between()
    return _invitation(url, told, pin)


async def knock_verified(url: str, code: JoinCode, name: str) -> Invitation:
    """The same for an address that the system's certificates vouch for, or on this machine.

    Raises:
        ServerUnreachableError: nobody answers there.
        JoinError: the code is not that host's.
    """
    told = await _exchange(url, code, name, b"", None)
    return _invitation(url, told, None)


async def _exchange(
    url: str, code: JoinCode, name: str, channel: bytes, tls: ssl.SSLContext | None
) -> dict[str, Any]:
    exchange = GuestExchange(code, channel, os.urandom)
    verify: ssl.SSLContext | bool = tls if tls is not None else url.startswith("https:")
    async with httpx.AsyncClient(
        verify=verify,
        trust_env=False,
        follow_redirects=False,
        timeout=STEP_SECONDS,
        event_hooks=HOOKS,
    ) as http:
        try:
            share = exchange.greet()
            greeting = {"v": VERSION, "number": code.number, "share": share.hex()}
            answer = await _post(http, url + "rtcd/join", greeting)
            proof, sealed = exchange.prove(_bytes(answer, "share"), {"name": name})
            showing = {
                "v": VERSION,
                "attempt": str(answer.get("attempt"))[:64],
                "proof": proof.hex(),
                "sealed": sealed.hex(),
            }
            answer = await _post(http, url + "rtcd/join/proof", showing)
            return exchange.conclude(_bytes(answer, "proof"), _bytes(answer, "sealed"))
        except WrongProofError as error:
            raise JoinError(
                f"{error.message}; nothing else was told to it",
                hint="Somebody may be pretending to be the host. Ask for a new code.",
                code="wrong-code",
            ) from error


async def _post(http: httpx.AsyncClient, url: str, body: Mapping[str, object]) -> dict[str, Any]:
    """One step; the answer is limited, for whoever answers is not known yet."""
    try:
        async with http.stream("POST", url, json=body) as reply:
            data = bytearray()
            async for chunk in reply.aiter_bytes():
                data += chunk
                if len(data) > MAX_ANSWER_BYTES:
                    raise _no_host()
    except httpx.HTTPError as error:
        if is_pin_mismatch(error):
            raise _between() from error
        raise ServerUnreachableError(
            f"the host does not answer ({type(error).__name__})",
            hint="Is it awake, and on the same network?",
        ) from error
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise _no_host() from None
    if not isinstance(value, dict):
        raise _no_host()
    if not reply.is_success:
        raise _refusal(str(value.get("reason")))
    return value


def _refusal(reason: str) -> JoinError:
    if reason == "no-offer":
        return JoinError(
            "the host knows no such code, or it is used up",
            hint="A code is good once, for ten minutes. Ask for a new one: `rtcd share`.",
            code="no-offer",
        )
    if reason == "too-often":
        return JoinError(
            "the host was asked too often",
            hint="Wait a minute, then try again; the code is still good.",
            code="too-often",
        )
    if reason == "wrong-code":
        return JoinError(
            "the code is wrong, and is spoiled now",
            hint="Ask for a new one. If you typed it right, somebody may stand between you.",
            code="wrong-code",
        )
    return _no_host()


def _between() -> JoinError:
    return JoinError(
        "the host shows one key and then another: somebody stands between",
        hint="Do not go on in this network. Ask the host whether it was asked for the code.",
        code="somebody-between",
    )


def _no_host() -> JoinError:
    return JoinError(
        "what answers there is no rtcd that shares a project",
        hint="Check the address, and that the host runs `rtcd share`.",
        code="not-a-host",
    )


def _invitation(url: str, told: dict[str, Any], pin: str | None) -> Invitation:
    token, key = told.get("token"), told.get("key")
    if not isinstance(token, str) or not token or not _is_text(key):
        raise _no_host()
    found = told.get("pin")
    if pin is not None and not (is_pin(found) and found == pin):
        raise key_changed(url)
    return Invitation(
        url=url,
        pin=pin,
        token=token,
        key=str(key) if pin is not None else None,
        project=_text(told, "project"),
        host=_text(told, "host"),
        name=_text(told, "name"),
    )


def _bytes(answer: dict[str, Any], key: str) -> bytes:
    try:
        return bytes.fromhex(str(answer[key]))
    except (KeyError, ValueError):
        raise _no_host() from None


def _text(told: dict[str, Any], key: str) -> str:
    found = told.get(key)
    return found[:MAX_TEXT] if isinstance(found, str) else ""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and set(value) <= set("0123456789abcdef")
