"""The daemon's door for programs: a Unix socket, one JSON line in, one JSON line out.

A request is ``{"command": str, "arguments": {...}}``, the answer ``{"result": ...}`` or
``{"error": {"code", "message", "hint", "exit_code"}}``. A connection carries one
request. Only the owner of the socket is served, a request has at most 64 kB, and no path outside
the project is ever taken from one: that is for the commands to check.

When the asking side hangs up, a command that only watches (``status``, ``wait``) is cancelled; all
others run to their end, because half a change helps nobody.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import select
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self

from rtcd.daemon import unix_socket
from rtcd.errors import RtcdError

MAX_REQUEST_BYTES = 64 * 1024
REQUEST_TIMEOUT_SECONDS = 10.0
BUG_EXIT_CODE = 70
WATCHING_COMMANDS = frozenset({"status", "wait"})

Arguments = dict[str, Any]
Command = Callable[[Arguments], Awaitable[Any]]

logger = logging.getLogger("rtcd.daemon")


class ControlServer:
    """Listens at the control socket and hands each request to its command.

    Use as ``async with await ControlServer.open(path, commands):``; ``close`` cancels what is
    still being answered and removes the socket.
    """

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self._path = path
        self._commands = commands
        # Set once in `open`; a server without them was never opened.
        self._server: asyncio.Server | None = None
        self._identity: tuple[int, int] | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, path: Path, commands: Mapping[str, Command]) -> Self:
        """Listen at ``path`` and answer from now on.

        Raises:
            RtcdError: a living daemon listens there (code ``already-running``), or the place
                belongs to somebody else.
        """
        made = cls(path, commands)
        listening = unix_socket.listen(path)
        try:
            found = path.lstat()
            made._identity = (found.st_dev, found.st_ino)
            made._server = await asyncio.start_unix_server(
                made._converse, sock=listening, limit=MAX_REQUEST_BYTES
            )
        except BaseException:
            listening.close()
            raise
        return made

    async def close(self) -> None:
        """Stop listening, drop all conversations, remove the socket if it still is ours."""
        if self._server is not None:
            self._server.close()
        for task in list(self._conversations):
            task.cancel()
        if self._conversations:
            await asyncio.wait(self._conversations)
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return
        if (found.st_dev, found.st_ino) == self._identity:
            self._path.unlink(missing_ok=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._conversations.add(task)
            task.add_done_callback(self._conversations.discard)
        try:
            if self._is_owner(writer):
                await self._answer(reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # the asking side went away or said nothing; that is its right
        except asyncio.CancelledError:
            pass  # `close` ends conversations; streams would log a cancellation as an error
        finally:
            writer.close()

    def _is_owner(self, writer: asyncio.StreamWriter) -> bool:
        uid = unix_socket.peer_uid(writer.get_extra_info("socket"))
        if uid is None or uid == os.getuid():
            return True
        logger.warning("control connection refused uid=%d", uid)
        return False

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                line = await reader.readuntil(b"\n")
            name, arguments = parse_request(line)
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            answer = _error_answer("usage", "a request has at most 64 kB", exit_code=2)
        except ValueError as error:
            answer = _error_answer("usage", f"the request is malformed: {error}", exit_code=2)
        else:
            if name not in WATCHING_COMMANDS:
                answer = await self._run(name, arguments)
            elif (watched := await self._run_watching(name, arguments, reader, writer)) is None:
                return
            else:
                answer = watched
        writer.write(answer)
        await writer.drain()

    async def _run_watching(
        self,
        name: str,
        arguments: Arguments,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bytes | None:
        """Run a command; None when the asking side hung up first and nobody waits any more."""
        command = asyncio.ensure_future(self._run(name, arguments))
        hang_up = asyncio.ensure_future(_hung_up(reader, writer))
        try:
            await asyncio.wait({command, hang_up}, return_when=asyncio.FIRST_COMPLETED)
            return command.result() if command.done() else None
        finally:
            command.cancel()
            hang_up.cancel()
            await asyncio.gather(command, hang_up, return_exceptions=True)

    async def _run(self, name: str, arguments: Arguments) -> bytes:
        command = self._commands.get(name)
        if command is None:
            return _error_answer(
                "usage",
                f"this daemon does not know the command {name!r}",
                hint="Run `rtcd stop` and `rtcd start` after an update of rtcd.",
                exit_code=2,
            )
        try:
            return _line({"result": await command(arguments)})
        except Exception as raised:  # the edge of a request: the daemon goes on
            error = _only_error(raised)
            if isinstance(error, RtcdError):
                return _error_answer(
                    error.code, error.message, hint=error.hint, exit_code=error.exit_code
                )
            logger.exception("command failed command=%s", name)
            return _error_answer(
                "bug",
                f"the daemon ran into a bug of its own ({type(error).__name__}) in {name!r}",
                hint="The traceback is in the daemon's log; `rtcd doctor` names the file.",
                exit_code=BUG_EXIT_CODE,
            )


def parse_request(line: bytes) -> tuple[str, Arguments]:
    """Command and arguments of one request line.

    Raises:
        ValueError: it is no JSON object with a string ``command`` and an object ``arguments``.
    """
    try:
        value = json.loads(line)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for every malformed request
    name, arguments = value.get("command"), value.get("arguments", {})
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise ValueError("wrong types")  # noqa: TRY004 - one error for every malformed request
    return name, arguments


def _only_error(error: BaseException) -> BaseException:
    """What is inside a group of one: a command with a task group of its own raises groups."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def _error_answer(code: str, message: str, *, exit_code: int, hint: str = "") -> bytes:
    return _line(
        {"error": {"code": code, "message": message, "hint": hint, "exit_code": exit_code}}
    )


async def _hung_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Return when the asking side closed its whole connection, not only its sending half."""
    while await reader.read(MAX_REQUEST_BYTES):
        pass  # nothing may follow a request; what does is dropped
    poll = select.poll()
    poll.register(writer.get_extra_info("socket").fileno(), 0)
    if not any(event & select.POLLHUP for _, event in poll.poll(0)):
        await asyncio.Event().wait()
