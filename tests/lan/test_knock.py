"""The guest's steps towards a host that is not what it looks like."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import ssl

import pytest

from rtcd.lan.certificate import ensure_certificate, server_context
from rtcd.lan.exchange import HostExchange
from rtcd.lan.invitation import JoinError
from rtcd.lan.join_code import JoinCode
from rtcd.lan.knock import MAX_ANSWER_BYTES, knock

CODE = JoinCode(7, ("guitar", "honey", "otter"))


@contextlib.asynccontextmanager
async def two_faced(*folders):
    """A TLS server that shows the first key, then the second, and keeps what is sent to it."""
    heard = bytearray()
    contexts = [server_context(folder) for folder in folders]
    connections = []

    async def hear(reader, writer):
        context = contexts[min(len(connections), len(contexts) - 1)]
        connections.append(writer)
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.start_tls(context)
            while data := await reader.read(1000):
                heard.extend(data)
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", heard, connections


async def test_a_host_that_shows_one_key_and_then_another_is_told_nothing(tmp_path):
    for name in ("host", "relay"):
        ensure_certificate(tmp_path / name)
    async with two_faced(tmp_path / "host", tmp_path / "relay") as (url, heard, connections):
        with pytest.raises(JoinError) as caught:
            await knock(url, CODE, "Grace")
        assert caught.value.code == "somebody-between"
        assert len(connections) == 2
    assert bytes(heard) == b""


@contextlib.asynccontextmanager
async def host(folder, answer):
    """An HTTPS server with a key of its own; ``answer(path, body)`` gives the reply's bytes."""
    pin = ensure_certificate(folder)
    asked = []

    async def serve(reader, writer):
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                length = int(re.search(r"content-length: (\d+)", head.lower())[1])
                path = head.split()[1]
                asked.append(path)
                writer.write(answer(path, json.loads(await reader.readexactly(length))))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(folder))
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", pin, asked


def reply(value, status="200 OK", headers=""):
    body = json.dumps(value).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


class Knowing:
    """A host that knows the code, and tells what it likes."""

    def __init__(self, told):
        self.told = told
        self.channel = b""

    def __call__(self, path, body):
        if path == "/rtcd/join":
            self.exchange = HostExchange(CODE, self.channel, os.urandom)
            share = self.exchange.answer(bytes.fromhex(body["share"]))
            return reply({"v": 1, "attempt": "1", "share": share.hex()})
        self.exchange.check(bytes.fromhex(body["proof"]), bytes.fromhex(body["sealed"]))
        proof, sealed = self.exchange.admit(self.told)
        return reply({"v": 1, "proof": proof.hex(), "sealed": sealed.hex()})


@pytest.mark.parametrize("pin", ["the right one", "0" * 64, None], ids=str)
async def test_the_key_that_is_told_has_to_be_the_one_on_the_wire(tmp_path, pin):
    told = {"token": "t", "key": "ab" * 16, "project": "p", "host": "Ada", "name": "Grace"}
    knowing = Knowing(told)
    async with host(tmp_path / "host", knowing) as (url, shown, _):
        knowing.channel = shown.encode()
        knowing.told = told | {"pin": shown if pin == "the right one" else pin}
        if pin == "the right one":
            invitation = await knock(url, CODE, "Grace")
            assert (invitation.token, invitation.pin, invitation.host) == ("t", shown, "Ada")
            return
        with pytest.raises(JoinError) as caught:
            await knock(url, CODE, "Grace")
        assert caught.value.code == "somebody-between"


async def test_an_answer_without_an_end_is_given_up(tmp_path):
    def endless(path, body):
        del path, body
        return reply({"v": 1, "attempt": "1", "share": "00" * MAX_ANSWER_BYTES})

    async with host(tmp_path / "host", endless) as (url, _, asked):
        with pytest.raises(JoinError) as caught:
            await knock(url, CODE, "Grace")
        assert caught.value.code == "not-a-host"
        assert asked == ["/rtcd/join"]


async def test_a_host_that_sends_us_elsewhere_is_not_followed(tmp_path):
    def elsewhere(path, body):
        del path, body
        return reply({}, "307 Temporary Redirect", "Location: /other\r\n")

    async with host(tmp_path / "host", elsewhere) as (url, _, asked):
        with pytest.raises(JoinError) as caught:
            await knock(url, CODE, "Grace")
        assert caught.value.code == "not-a-host"
        assert asked == ["/rtcd/join"]
