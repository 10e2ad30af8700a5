"""A process that has loaded the command line once, and forks for each call of ``rtcd``.

Loading it takes a third of a second of a processor, and the tests call it some thousand times. What
runs in the fork is the same entry point, with the caller's files, folder and environment.

Spoken over a Unix socket that is this process's standard input: for each call a message with the
call as JSON and four open files, the call's standard ones and a pipe for its exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import time
from typing import Any, NoReturn

MAX_CALL = 1 << 20
FILES = 4


def main() -> None:
    """Fork for each call until the caller is gone."""
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    calls = socket.socket(fileno=0)
    while True:
        message, files, _, _ = socket.recv_fds(calls, MAX_CALL, FILES)
        if not message:
            return None
        if os.fork() == 0:
            calls.detach()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return watch(json.loads(message), files)
        for file in files:
            os.close(file)


def load() -> None:
    """Import all of the command line."""
    from rtcd.light_imports import leave_out_extras

    leave_out_extras()
    import rtcd_cli

    for module in pkgutil.walk_packages(rtcd_cli.__path__, "rtcd_cli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def watch(call: dict[str, Any], files: list[int]) -> None:
    """Run the call in one more fork, and tell its number at once and its exit code at the end."""
    pid = os.fork()
    if pid == 0:
        os.close(files.pop())
        become(call, files)
    with os.fdopen(files.pop(), "w") as told:
        for file in files:
            os.close(file)
        print(pid, file=told, flush=True)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(code, file=told, flush=True)
    os._exit(0)


def become(call: dict[str, Any], files: list[int]) -> NoReturn:
    """Be the process that was asked for."""
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    # Those of the start have made up their minds about what they are.
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, "utf-8", "backslashreplace", closefd=False)
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["environment"])
    time.tzset()
    sys.argv = ["rtcd", *call["arguments"]]
    if call["daemon_command"] is not None:
        from rtcd_cli.commands import run

        sys.exit(run(call["arguments"], daemon_command=call["daemon_command"]))
    from rtcd_cli.main import main

    main()


if __name__ == "__main__":
    main()
