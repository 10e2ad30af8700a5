"""The project's certificate, and connections that are pinned to its key."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import stat
from datetime import UTC, datetime

import httpx
import pytest
from websockets.asyncio.client import connect

from rtcd.errors import RtcdError, ServerUnreachableError
from rtcd.lan.certificate import certificate_file, ensure_certificate, server_context
from rtcd.lan.look_at_key import look_at_key
from rtcd.rooms.timing import RoomTiming
from rtcd.rooms.websocket import open_link
from rtcd.server.address import Place, ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.pin import (
    KeyChangedError,
    fingerprint,
    is_pin,
    is_pin_mismatch,
    pin_of,
    pinned_context,
)


@contextlib.asynccontextmanager
async def trap(folder):
    """A TLS server that keeps every byte that is sent to it."""
    heard = bytearray()

    async def hear(reader, writer):
        with contextlib.suppress(OSError, ssl.SSLError):
            while data := await reader.read(1000):
                heard.extend(data)
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=server_context(folder))
    async with server:
        yield server.sockets[0].getsockname()[1], heard


def test_it_is_made_once_and_is_private(tmp_path):
    pin = ensure_certificate(tmp_path / "share")
    assert ensure_certificate(tmp_path / "share") == pin
    assert is_pin(pin)
    assert stat.S_IMODE(certificate_file(tmp_path / "share").stat().st_mode) == 0o600


def test_a_key_that_others_can_read_is_not_used(tmp_path):
    ensure_certificate(tmp_path / "share")
    certificate_file(tmp_path / "share").chmod(0o640)
    with pytest.raises(RtcdError):
        ensure_certificate(tmp_path / "share")


def test_the_certificate_says_nothing_about_people_or_machines(tmp_path):
    from cryptography import x509

    ensure_certificate(tmp_path / "share", datetime(2026, 1, 1, tzinfo=UTC))
    made = x509.load_pem_x509_certificate(certificate_file(tmp_path / "share").read_bytes())
    assert made.subject.rfc4514_string() == "CN=rtcd"
    assert made.public_key().curve.name == "secp256r1"


def test_a_pin_is_of_the_key_and_not_of_the_certificate(tmp_path):
    """A new certificate for the same key is the same host."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

    pin = ensure_certificate(tmp_path / "share")
    pem = certificate_file(tmp_path / "share").read_bytes()
    old, key = x509.load_pem_x509_certificate(pem), load_pem_private_key(pem, None)
    renewed = (
        x509.CertificateBuilder(old.subject, old.subject, key.public_key(), 7)
        .not_valid_before(datetime(2030, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2031, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
    )
    assert pin_of(renewed.public_bytes(Encoding.DER)) == pin


async def test_nothing_at_all_is_sent_to_a_server_with_another_key(tmp_path):
    ensure_certificate(tmp_path / "share")
    async with trap(tmp_path / "share") as (port, heard):
        url = f"https://127.0.0.1:{port}/"
        address = ServerAddress.parse(url, "the-token", tls=pinned_context("0" * 64))
        async with ServerClient(address) as client:
            with pytest.raises(KeyChangedError) as caught:
                await client.about()
        assert caught.value.code == "key-changed"
        with pytest.raises(KeyChangedError):
            await open_link(address, "api/events/subscribe", RoomTiming())
        async with httpx.AsyncClient(verify=pinned_context("1" * 64)) as http:
            with pytest.raises(httpx.ConnectError) as library:
                await http.post(url, content=b"secret")
        assert is_pin_mismatch(library.value)
        await asyncio.sleep(0)
    assert bytes(heard) == b""


async def test_the_right_key_is_enough_whatever_the_name(tmp_path):
    pin = ensure_certificate(tmp_path / "share")
    async with trap(tmp_path / "share") as (port, heard):
        assert await look_at_key(f"https://127.0.0.1:{port}/") == pin
        assert bytes(heard) == b"", "looking tells nothing"
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await connect(
                    f"wss://127.0.0.1:{port}/x",
                    ssl=pinned_context(pin),
                    proxy=None,
                    open_timeout=0.5,
                )
    assert heard.startswith(b"GET /x HTTP/1.1")


async def test_nobody_there_and_no_tls_are_told_apart_from_a_wrong_key(tmp_path):
    with pytest.raises(ServerUnreachableError) as caught:
        await look_at_key("https://127.0.0.1:1/", 2.0)
    assert caught.value.code == "server-unreachable"


def test_an_address_that_moves_keeps_its_token_and_key():
    place = Place("https://192.0.2.1:8443/")
    address = ServerAddress.parse("https://192.0.2.1:8443/", "t")
    moving = ServerAddress(address.url, address.token, None, place)
    place.url = "https://192.0.2.9:8443/"
    assert (moving.url, moving.http("api"), moving.origin) == (
        "https://192.0.2.9:8443/",
        "https://192.0.2.9:8443/api",
        "https://192.0.2.9:8443",
    )
    assert moving.websocket("x") == "wss://192.0.2.9:8443/x"


def test_a_fingerprint_is_for_eyes():
    assert fingerprint("0123456789abcdef" * 4) == "0123 4567 89AB CDEF 0123 4567 89AB CDEF"
