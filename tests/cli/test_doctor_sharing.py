"""What ``rtcd doctor`` finds of a share: real keys, real TLS, on this machine."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rtcd.lan.certificate import certificate_file, ensure_certificate, server_context
from rtcd.lan.guest_book import GuestBook
from rtcd.lan.membership import Membership
from rtcd.lan.share_state import ShareState, share_folder
from rtcd.places import Places
from rtcd_cli.doctor_checks import joined, sharing
from rtcd_cli.doctor_checks.check import Check

NEARLY_TEN_YEARS = timedelta(days=3640)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "project").mkdir()
    made = Places.of(tmp_path / "project")
    made.make()
    return made


def hears(monkeypatch: pytest.MonkeyPatch, heard: list[str]) -> None:
    async def is_announced(key: str) -> bool:
        return key in heard

    monkeypatch.setattr(sharing, "is_announced", is_announced)
    monkeypatch.setattr(joined, "is_announced", is_announced)


@asynccontextmanager
async def answering(context: ssl.SSLContext, age: timedelta = timedelta()) -> AsyncIterator[int]:
    """A TLS server that tells its clock; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.readline():
                date = (datetime.now(UTC) + age).strftime("%a, %d %b %Y %H:%M:%S GMT")
                head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 2\r\n\r\n{{}}"
                writer.write(head.encode())
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def outcome(check: Check) -> tuple[str, str]:
    return check.name, check.outcome


def test_the_certificate_is_private_the_servers_own_and_lasts(places: Places):
    folder = share_folder(places)
    pin = ensure_certificate(folder)
    assert outcome(sharing.check_certificate(places, pin)) == ("certificate", "ok")
    assert sharing.check_certificate(places, "00" * 32).outcome == "fail"
    os.chmod(certificate_file(folder), 0o644)
    open_to_others = sharing.check_certificate(places, pin)
    assert (open_to_others.outcome, "cannot be used" in open_to_others.message) == ("fail", True)
    certificate_file(folder).unlink()
    assert sharing.check_certificate(places, pin).outcome == "fail"
    old = ensure_certificate(folder, datetime.now(UTC) - NEARLY_TEN_YEARS)
    assert sharing.check_certificate(places, old).outcome == "warn"


async def test_the_listener_answers_with_the_key_that_guests_know(places: Places, tmp_path: Path):
    pin = ensure_certificate(share_folder(places))
    async with answering(server_context(share_folder(places))) as port:
        view: dict[str, Any] = {"addresses": ["127.0.0.1"], "port": port, "pin": pin}
        assert (await sharing.check_listener(view)).outcome == "ok"
        partly = await sharing.check_listener(view | {"addresses": ["127.0.0.1", "127.0.0.9"]})
        assert (partly.outcome, "127.0.0.9" in partly.message) == ("warn", True)
        other = await sharing.check_listener(view | {"pin": "00" * 32})
        assert (other.outcome, "somebody else answers" in other.message) == ("fail", True)
    nobody = await sharing.check_listener(view)
    assert (nobody.outcome, "firewall" in nobody.hint) == ("fail", True)
    assert (await sharing.check_listener(view | {"addresses": []})).outcome == "fail"


async def test_an_announcement_that_is_not_heard_is_told(places: Places, monkeypatch):
    state = ShareState.read(share_folder(places))
    state.write(share_folder(places))
    hears(monkeypatch, [state.key])
    assert (await sharing.check_announcement(places, {"announced": True})).outcome == "ok"
    assert (await sharing.check_announcement(places, {"announced": False})).outcome == "note"
    hears(monkeypatch, [])
    assert (await sharing.check_announcement(places, {"announced": True})).outcome == "warn"


def test_a_list_of_guests_that_others_could_have_written_is_told(places: Places):
    GuestBook(share_folder(places)).admit("Grace", "rtcd", "10.0.0.2")
    assert sharing.check_guests(places).message == "1 guest may come in"
    os.chmod(share_folder(places) / "guests.json", 0o666)
    assert sharing.check_guests(places).outcome == "fail"


async def looked_at(places: Places) -> list[tuple[str, str]]:
    return [outcome(one) for one in await asyncio.to_thread(list, joined.check_joined(places))]


async def test_a_guest_is_told_whether_the_host_is_there_and_the_right_one(
    places: Places, tmp_path: Path, monkeypatch
):
    pin = ensure_certificate(tmp_path / "host")
    hears(monkeypatch, ["the key"])
    assert await looked_at(places) == []
    async with answering(server_context(tmp_path / "host")) as port:
        url = f"https://127.0.0.1:{port}/"
        Membership(url=url, pin=pin, key="the key").write(places, "a-token")
        assert await looked_at(places) == [
            ("host key", "ok"),
            ("announcement", "ok"),
            ("host clock", "ok"),
        ]
        Membership(url=url, pin="00" * 32, key="the key").write(places)
        assert await looked_at(places) == [("host key", "fail")]
    async with answering(server_context(tmp_path / "host"), timedelta(minutes=-5)) as port:
        Membership(url=f"https://127.0.0.1:{port}/", pin=pin, key="k").write(places)
        assert await looked_at(places) == [
            ("host key", "ok"),
            ("announcement", "note"),
            ("host clock", "warn"),
        ]
    places.remote_token_file.unlink()
    assert await looked_at(places) == [
        ("joined project", "fail"),
        ("host key", "warn"),
        ("announcement", "note"),
    ]
