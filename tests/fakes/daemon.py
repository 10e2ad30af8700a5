"""A daemon with scripted answers behind the real control server.

As a program (``python -m fakes.daemon``) it plays ``rtcd.daemon``: settings on standard input,
progress and ready lines on standard output, then the control socket. What it does is told by the
JSON file named in ``RTCD_FAKE_SCRIPT``::

    {"progress": ["a sentence"], "ready": {...} or "error": {...}, "answers": {command: answer}}

An answer is ``{"result": ...}``, ``{"error": {...}}`` or a list of those, given one after the
other (the last one for ever). Requests and settings are appended to ``RTCD_FAKE_LOG``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rtcd.daemon.control import Command, ControlServer
from rtcd.daemon.control_client import DaemonAnsweredError
from rtcd.daemon.lock import ProjectLock
from rtcd.daemon.own_log import write_to_log
from rtcd.places import Places

Answers = dict[str, Any]


class FakeDaemon:
    """Answers by a script and remembers what was asked."""

    def __init__(self, answers: Answers) -> None:
        self.answers = {
            name: list(answer) if isinstance(answer, list) else [answer]
            for name, answer in answers.items()
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.stopped = asyncio.Event()

    def commands(self) -> dict[str, Command]:
        """For a ``ControlServer``."""
        return {name: self._command(name) for name in self.answers}

    def _command(self, name: str) -> Command:
        async def answer(arguments: dict[str, Any]) -> Any:
            self.asked.append((name, arguments))
            log = os.environ.get("RTCD_FAKE_LOG")
            if log:
                with Path(log).open("a") as file:
                    file.write(json.dumps([name, arguments]) + "\n")
            script = self.answers[name]
            now = script.pop(0) if len(script) > 1 else script[0]
            if name == "stop":
                asyncio.get_running_loop().call_later(0.05, self.stopped.set)
            if "error" in now:
                raise DaemonAnsweredError(
                    now["error"]["message"],
                    hint=now["error"].get("hint", ""),
                    code=now["error"].get("code", "error"),
                    exit_code=now["error"].get("exit_code", 1),
                )
            return now["result"]

        return answer


@contextmanager
def running(places: Places, answers: Answers) -> Iterator[FakeDaemon]:
    """A fake daemon for ``places`` in a thread of its own, until the block ends."""
    places.make()
    started = threading.Event()
    box: list[tuple[FakeDaemon, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        daemon = FakeDaemon(answers)
        end = asyncio.Event()
        box.append((daemon, asyncio.get_running_loop(), end))
        async with await ControlServer.open(places.control_socket, daemon.commands()):
            started.set()
            waits = {
                asyncio.ensure_future(end.wait()),
                asyncio.ensure_future(daemon.stopped.wait()),
            }
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    daemon, loop, end = box[0]
    try:
        yield daemon
    finally:
        if not loop.is_closed():
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(end.set)
        thread.join(10)


def say(line: dict[str, Any]) -> None:
    """One line of the start-up conversation."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def main() -> int:
    """Play ``rtcd.daemon``."""
    script = json.loads(Path(os.environ["RTCD_FAKE_SCRIPT"]).read_text())
    settings = json.loads(sys.stdin.readline())
    with Path(os.environ["RTCD_FAKE_LOG"]).open("a") as file:
        file.write(json.dumps(["settings", settings, sys.argv, dict(os.environ)]) + "\n")
    if "--background" in sys.argv:
        write_to_log(Places.of(Path(settings["project"])))
    sys.stderr.write("fake daemon: log line\n")
    sys.stderr.flush()
    for sentence in script.get("progress", ()):
        say({"progress": sentence})
    if script.get("die"):
        return 1
    if "error" in script:
        say({"error": script["error"]})
        return int(script["error"].get("exit_code", 1))
    daemon = FakeDaemon(script.get("answers", {}))
    places = Places.of(Path(settings["project"]))
    lock = ProjectLock.take(places.lock)
    async with await ControlServer.open(places.control_socket, daemon.commands()):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, daemon.stopped.set)
        say({"ready": {**script["ready"], "pid": os.getpid()}})
        os.close(1)
        await daemon.stopped.wait()
    lock.release()
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
