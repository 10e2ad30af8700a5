"""The guest's steps towards a host that is not what it looks like."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest

from rtcd.lan.certificate import ensure_certificate, server_context
from rtcd.lan.join_code import JoinCode
from rtcd.lan.knock import JoinError, knock

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
