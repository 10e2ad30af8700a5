"""``rtcd`` as its callers know it, a process with files and an exit code, without its loading."""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]


def call_rtcd(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: str = "",
    seconds: float,
    daemon_command: Sequence[str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a call to its end, like ``subprocess.run`` with captured output.

    ``daemon_command``: what to start as a daemon, else rtcd's own.

    Raises:
        subprocess.TimeoutExpired: it took longer than ``seconds``, and was killed.
    """
    call = {
        "arguments": list(arguments),
        "cwd": str(cwd),
        "environment": dict(environment),
        "daemon_command": list(daemon_command) if daemon_command is not None else None,
    }
    with ExitStack() as stack:
        read_in, write_in = _pipe(stack)
        read_out, write_out = _pipe(stack)
        read_err, write_err = _pipe(stack)
        read_code, write_code = _pipe(stack)
        theirs = (read_in, write_out, write_err, write_code)
        socket.send_fds(_server(), [json.dumps(call).encode()], [file.fileno() for file in theirs])
        for file in theirs:
            file.close()
        pid = int(read_code.readline())
        timer = threading.Timer(seconds, os.kill, (pid, signal.SIGKILL))
        timer.start()
        err: list[str] = []
        reader = threading.Thread(target=lambda: err.append(read_err.read()))
        reader.start()
        # It may have ended without reading.
        with suppress(BrokenPipeError), write_in:
            write_in.write(stdin)
        out = read_out.read()
        reader.join()
        code = int(read_code.readline())
        is_too_late = timer.finished.is_set()
        timer.cancel()
        if is_too_late:
            raise subprocess.TimeoutExpired(["rtcd", *arguments], seconds, out, err[0])
    return subprocess.CompletedProcess(["rtcd", *arguments], code, out, err[0])


def _pipe(stack: ExitStack) -> tuple[IO[str], IO[str]]:
    reading, writing = os.pipe()
    return (
        stack.enter_context(os.fdopen(reading, encoding="utf-8")),
        stack.enter_context(os.fdopen(writing, "w", encoding="utf-8")),
    )


@functools.cache
def _server() -> socket.socket:
    """The forking process, started with the first call, ended with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folders = (ROOT, ROOT / "cli", ROOT / "tests")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "forked.server"],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))},
        cwd="/",
        start_new_session=True,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
