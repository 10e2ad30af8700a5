"""Start the daemon as a process of its own and hear what it says until everyone can edit.

Settings travel as one JSON line over standard input, because they hold the token, and an argument
list or an environment can be read by others. The daemon answers with JSON lines on standard
output: ``{"progress": sentence}`` any number of times, then ``{"ready": {...}}`` or
``{"error": {...}}``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

from rtcd.daemon.control_client import DaemonAnsweredError
from rtcd.daemon.ready import ReadyReport
from rtcd.errors import RtcdError
from rtcd.places import Places
from rtcd.settings import Settings

# -P keeps the current folder off the import path: a `json.py` in somebody's project must not run.
# faulthandler puts a trace into the log even where a native library takes the process down.
DAEMON_COMMAND = (sys.executable, "-P", "-X", "faulthandler", "-m", "rtcd.daemon")
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Progress = Callable[[str], None]


class DaemonDiedError(RtcdError):
    """The daemon ended before it was ready and without saying why."""

    code = "daemon-died"
    exit_code = 70


def start_background(
    settings: Settings, places: Places, progress: Progress, command: Sequence[str]
) -> ReadyReport:
    """Start the daemon so that it outlives us; returns when everyone can edit.

    Raises:
        DaemonAnsweredError: it said why it cannot.
        DaemonDiedError: it ended without a word; its log tells.
    """
    with WaitingDaemon(places, command) as waiting:
        return waiting.begin(settings, progress)


class WaitingDaemon:
    """A daemon that was started and waits for its settings; loading takes it most of a second.

    Leaving the ``with`` block without ``begin`` lets it end.
    """

    def __init__(self, places: Places, command: Sequence[str]) -> None:
        self._places = places
        log = open_log(places)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=places.state,
                env=clean_environment(os.environ),
                start_new_session=True,
            )
        finally:
            os.close(log)
        self._begun = False

    def begin(
        self, settings: Settings, progress: Progress, meanwhile: Callable[[], None] = lambda: None
    ) -> ReadyReport:
        """Tell it the settings; returns when everyone can edit. Errors as ``start_background``.

        ``meanwhile`` is done while the daemon is at work.
        """
        self._begun = True
        try:
            _send_settings(self._process, settings)
            meanwhile()
            return _hear(self._process, progress, f"Its log is {self._places.log_file}.")
        except KeyboardInterrupt:
            # Half started and unwanted: it must not stay behind.
            self._process.terminate()
            self._process.wait()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._begun and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.terminate()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def run_foreground(
    settings: Settings,
    places: Places,
    progress: Progress,
    ready: Callable[[ReadyReport], None],
    command: Sequence[str],
) -> int:
    """Run the daemon attached to the terminal until it ends; returns its exit code.

    It is in a process group of its own and gets each signal once, from us: Ctrl-C would otherwise
    reach it twice.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=places.state,
        env=clean_environment(os.environ),
        process_group=0,
    )

    def forward(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        _send_settings(process, settings)
        ready(_hear(process, progress, "What it wrote is above."))
        return _exit_code(process.wait())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if process.stdout is not None:
            process.stdout.close()


def open_log(places: Places) -> int:
    """The log's descriptor, to append; the file is private to the user."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    log = os.open(places.log_file, flags, 0o600)
    os.fchmod(log, 0o600)
    return log


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Ours without the token, which the daemon and all its children would carry around."""
    return {name: value for name, value in environment.items() if name != "RTCD_TOKEN"}


def _send_settings(process: subprocess.Popen[bytes], settings: Settings) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it died at once; `_hear` says so
        process.stdin.write(json.dumps(settings.to_json()).encode() + b"\n")
        process.stdin.close()


def _hear(process: subprocess.Popen[bytes], progress: Progress, where: str) -> ReadyReport:
    assert process.stdout is not None
    for line in process.stdout:
        said = _parse(line)
        if "progress" in said:
            progress(str(said["progress"]))
        elif "ready" in said:
            return ReadyReport.from_json(said["ready"])
        elif "error" in said:
            error = said["error"]
            process.wait()
            raise DaemonAnsweredError(
                error["message"],
                hint=error.get("hint", ""),
                code=error.get("code", "error"),
                exit_code=error.get("exit_code", 1),
            )
    code = process.wait()
    raise DaemonDiedError(f"the daemon ended before it was ready (exit code {code})", hint=where)


def _parse(line: bytes) -> dict[str, Any]:
    """One line; what is not ours (a library that prints) is passed over."""
    with suppress(ValueError):
        value = json.loads(line)
        if isinstance(value, dict):
            return value
    return {}


def _exit_code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned
