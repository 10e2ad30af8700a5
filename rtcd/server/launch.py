"""Starting, finding again and stopping the Jupyter server that rtcd brings along.

The server is a process in a session of its own and outlives whoever started it. There is at most
one per folder: starting goes under a lock, and looks for a living one first.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from rtcd.errors import RtcdError, ServerError
from rtcd.places import Places, make_private_folder
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.find import runtime_notes
from rtcd.server.private_file import read_private, write_private
from rtcd.server.process_identity import ProcessIdentity
from rtcd.server.server_config import (
    check_extra,
    private_databases,
    server_arguments,
    server_environment,
)
from rtcd.server.server_record import ServerRecord, forget_record

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 10.0
CONFIRM_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 0.03
TOKEN_BYTES = 32
GIST_LINES = 4
MAX_LOG_BYTES = 5 * 1024 * 1024
TAIL_BYTES = 8192

# A child that ended stays in the process table until its parent asks; so it is remembered here.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class RunningServer:
    """An embedded server that answered."""

    address: ServerAddress
    pid: int
    log: Path


async def start_server(places: Places, *, port: int = 0) -> RunningServer:
    """Start the folder's server, or give the one that runs already.

    Args:
        places: the folder.
        port: 0 lets the system choose.

    Raises:
        RtcdError: Jupyter is not installed (code ``missing-extra``), or the server did not come up
            (code ``server-start``), with what it said last.
    """
    check_extra()
    make_private_folder(places.state)
    make_private_folder(places.jupyter)
    async with _launch_lock(places):
        running = await find_embedded(places)
        return running if running is not None else await _launch(places, port)


async def find_embedded(places: Places) -> RunningServer | None:
    """The server that an earlier daemon started for this folder, if it lives and answers.

    Raises:
        RtcdError: the note about it or its token is readable for others.
    """
    record = ServerRecord.read(places)
    token = read_private(places.token_file)
    if record is None or token is None or not _is_alive(record.process):
        return None
    address = ServerAddress.parse(record.url, token=token)
    if not await _confirm(address, places, record.process, CONFIRM_TIMEOUT_SECONDS):
        return None
    return RunningServer(address, record.pid, Path(record.log))


async def stop_server(running: RunningServer, places: Places | None = None) -> None:
    """End the server; it saves what nobody else would. Kernels end with it.

    It is killed when it has not ended after 10 s. One that is gone already is no error. With
    ``places`` the note about it goes, too.
    """
    identity = ProcessIdentity.of(running.pid)
    if identity is not None and _is_alive(identity):
        await _end(identity)
    _children.pop(running.pid, None)
    if places is not None:
        forget_record(places)


async def _launch(places: Places, port: int) -> RunningServer:
    # The same token as last time, so that open browsers return after a restart.
    token = read_private(places.token_file) or secrets.token_urlsafe(TOKEN_BYTES)
    write_private(places.token_file, token)
    for database in private_databases(places):
        if not database.exists():
            database.touch(mode=0o600)
    log = places.jupyter / "server.log"
    identity = _spawn(places, port, log)
    try:
        address = await _wait_until_up(places, identity, token)
    except BaseException as error:
        await _end(identity)
        _children.pop(identity.pid, None)
        if isinstance(error, TimeoutError):
            raise _failed(log, f"did not answer within {START_TIMEOUT_SECONDS:g} s") from None
        raise
    if address is None:
        _children.pop(identity.pid, None)
        raise _failed(log, "ended at once")
    ServerRecord(identity.pid, identity.started, address.url, str(log)).write(places)
    return RunningServer(address, identity.pid, log)


def _spawn(places: Places, port: int, log: Path) -> ProcessIdentity:
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(log, flags, 0o600)
    try:
        child = subprocess.Popen(
            server_arguments(places, port=port),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=places.jupyter,
            env=server_environment(places, os.environ),
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    _children[child.pid] = child
    return ProcessIdentity.of(child.pid) or ProcessIdentity(child.pid, "")


async def _wait_until_up(
    places: Places, identity: ProcessIdentity, token: str
) -> ServerAddress | None:
    """The address of the server once it answers; None when the process ended.

    Raises:
        TimeoutError: neither happened in time.
    """
    async with asyncio.timeout(START_TIMEOUT_SECONDS):
        while _is_alive(identity):
            address = _announced(identity.pid)
            if address is not None:
                address = _with_our_token(places, address, token)
                if await _confirm(address, places, identity, START_TIMEOUT_SECONDS):
                    return address
            await asyncio.sleep(POLL_SECONDS)
    return None


def _announced(pid: int) -> ServerAddress | None:
    return next((note.address for note in runtime_notes() if note.pid == pid), None)


def _with_our_token(places: Places, address: ServerAddress, token: str) -> ServerAddress:
    """The token that counts: a user's own configuration may fix one, which then is the one."""
    fixed = address.token.reveal()
    if not fixed:
        raise ServerError(
            "the user's Jupyter configuration switches tokens off, so the server was not started",
            hint="Remove `c.IdentityProvider.token` or the password from your Jupyter "
            "configuration; without a token everybody on this machine could run code as you.",
            code="server-start",
        )
    if fixed != token:
        write_private(places.token_file, fixed)
    return address


async def _confirm(
    address: ServerAddress, places: Places, identity: ProcessIdentity, seconds: float
) -> bool:
    """True when our extension answers there and serves this very folder.

    Raises:
        ServerError: a server answers, but rtcd's extension does not.
    """
    give_up = time.monotonic() + seconds
    while _is_alive(identity) and time.monotonic() < give_up:
        try:
            async with ServerClient(address) as client:
                about = await client.about()
        except RtcdError:
            await asyncio.sleep(POLL_SECONDS)
            continue
        if about.extension:
            return about.root_id == places.project_id
        raise ServerError(
            "the Jupyter server runs, but rtcd's extension did not load in it",
            hint=f"The reason is in {places.jupyter / 'server.log'}.",
            code="server-start",
        )
    return False


async def _end(identity: ProcessIdentity) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(identity.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                while _is_alive(identity):  # noqa: ASYNC110 - nothing tells about a process
                    await asyncio.sleep(POLL_SECONDS)
                return


def _is_alive(identity: ProcessIdentity) -> bool:
    child = _children.get(identity.pid)
    if child is not None:
        # Asking collects it, too, so that it does not stay in the process table.
        return child.poll() is None
    return identity.is_alive()


@contextlib.asynccontextmanager
async def _launch_lock(places: Places) -> AsyncIterator[None]:
    descriptor = os.open(places.state / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        async with asyncio.timeout(START_TIMEOUT_SECONDS):
            while not _try_lock(descriptor):  # noqa: ASYNC110 - nor about a lock
                await asyncio.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _failed(log: Path, what: str) -> ServerError:
    gist = " | ".join(_last_words(log)) or "nothing"
    return ServerError(
        f"the Jupyter server {what}; it said: {gist}",
        hint=f"All it said is in {log}. `rtcd doctor` checks the installation.",
        code="server-start",
    )


def _last_words(log: Path) -> Iterator[str]:
    """The last lines of the log that say something, errors first if there are any."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return
    said = [line.strip() for line in lines if line.strip()]
    errors = [line for line in said if "rror" in line or line.startswith(("[C", "[E"))]
    yield from (errors or said)[-GIST_LINES:]
