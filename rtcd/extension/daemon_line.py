"""One question to a project's daemon, over its control socket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from rtcd.daemon import unix_socket
from rtcd.errors import RtcdError

MAX_ANSWER_BYTES = 1024 * 1024
CONNECT_SECONDS = 1.0


class NotUnderstoodError(RtcdError):
    """What came back is no answer."""

    code = "not-understood"


async def ask(socket: Path, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The daemon's answer: an object with ``result`` or ``error``.

    Raises:
        OSError, EOFError: nobody listens (yet), or the conversation broke.
        NotUnderstoodError: the answer is none.
    """
    request = json.dumps({"command": command, "arguments": arguments}).encode() + b"\n"
    connected = unix_socket.connect(socket, timeout=CONNECT_SECONDS)
    connected.setblocking(False)
    reader, writer = await asyncio.open_unix_connection(sock=connected, limit=MAX_ANSWER_BYTES)
    try:
        writer.write(request)
        await writer.drain()
        line = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        line = b""
    finally:
        writer.close()
    try:
        answer = json.loads(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NotUnderstoodError("the daemon's answer was not understood")
    return answer
