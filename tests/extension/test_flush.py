"""Asking the daemon, over a real Unix socket."""

from __future__ import annotations

import asyncio
import json

import pytest

from rtcd.extension.flush import (
    DaemonGoneError,
    FlushFailedError,
    NotSharedError,
    ask_to_flush,
)


@pytest.fixture
def socket(tmp_path):
    return tmp_path / "control.sock"


async def listening(socket, *replies):
    """A daemon that gives these replies in turn; None hangs up."""
    requests, left = [], list(replies)

    async def converse(reader, writer):
        requests.append(json.loads(await reader.readline()))
        reply = left.pop(0)
        if reply is not None:
            writer.write(reply + b"\n")
            await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(converse, str(socket)), requests


async def test_a_result_is_a_flush(socket):
    server, requests = await listening(socket, b'{"result": {}}')
    async with server:
        await ask_to_flush(socket, "a/b.txt", lambda: True)
    assert requests == [{"command": "flush", "arguments": {"path": "a/b.txt"}}]


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        ({"error": {"code": "disk-full", "message": "no space"}}, FlushFailedError, "no space"),
        ({"error": {"code": "not-shared", "message": "ignored"}}, NotSharedError, "ignored"),
        ({"result": {"flushed": True, "joined": False}}, NotSharedError, "not in the room"),
        ({"result": {"flushed": False, "joined": True}}, FlushFailedError, "not write all"),
    ],
)
async def test_a_no_is_an_error_with_the_daemons_words(socket, reply, error, message):
    server, _ = await listening(socket, json.dumps(reply).encode())
    async with server:
        with pytest.raises(FlushFailedError, match=message) as raised:
            await ask_to_flush(socket, "a", lambda: True)
    assert type(raised.value) is error


@pytest.mark.parametrize("reply", [b"nonsense", b"[]", b"", b"{}", b'{"result": 1}'])
async def test_an_answer_that_makes_no_sense_is_no_flush(socket, reply):
    server, _ = await listening(socket, reply)
    async with server:
        with pytest.raises(FlushFailedError, match="not understood"):
            await ask_to_flush(socket, "a", lambda: True)


async def test_a_daemon_that_does_not_listen_yet_is_waited_for(socket):
    async def later():
        await asyncio.sleep(0.15)
        return await listening(socket, b'{"result": {}}')

    opening = asyncio.create_task(later())
    await ask_to_flush(socket, "a", lambda: True, timeout=3)
    server, requests = await opening
    server.close()
    assert len(requests) == 1


async def test_a_daemon_that_hangs_up_is_asked_again(socket):
    server, requests = await listening(socket, None, b'{"result": {}}')
    async with server:
        await ask_to_flush(socket, "a", lambda: True)
    assert len(requests) == 2


async def test_nobody_there_and_nobody_alive_is_a_death(socket):
    with pytest.raises(DaemonGoneError):
        await ask_to_flush(socket, "a", lambda: False)


async def test_silence_ends_in_time(socket):
    with pytest.raises(FlushFailedError, match=r"within 0\.2 s"):
        await ask_to_flush(socket, "a", lambda: True, timeout=0.2)
