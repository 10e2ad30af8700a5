"""``python nursery.py``: forks daemons that have everything loaded, to save a second for each.

A daemon that comes from here runs the very ``main`` of ``python -m rtcd.daemon``, in a process and
session of its own. Requests come on standard input's socket, one datagram each: a JSON object
(``environment``, ``cwd``, ``stopped``: wait for SIGCONT first) with three descriptors (standard input, output and error of the daemon).
The answer is the process id. Children are reaped by the kernel.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from typing import Any


def serve() -> None:
    """Fork until the other end closes."""
    _load()
    line = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    line.send(b"ready")
    while True:
        data, descriptors, _, _ = socket.recv_fds(line, 1 << 20, 3)
        if not data:
            return
        pid = os.fork()
        if pid == 0:
            line.close()
            _become_daemon(json.loads(data), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        line.send(str(pid).encode())


def _load() -> None:
    import rtcd.daemon.__main__ as entry

    entry._import_parts()
    gc.freeze()


def _become_daemon(request: dict[str, Any], descriptors: list[int]) -> None:
    code = 99
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environment"])
        import random

        import rtcd.daemon.__main__ as entry

        random.seed()
        if request["stopped"]:
            os.kill(os.getpid(), signal.SIGSTOP)
        code = entry.main()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
