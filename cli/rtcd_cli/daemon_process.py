"""Tell a daemon's process its settings and hear what it says until everyone can edit.

Settings travel as one JSON line over standard input. The daemon answers with JSON lines on standard
output: ``{"progress": sentence}`` any number of times, then ``{"ready": {...}}`` or
``{"error": {...}}``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from rtcd.daemon.control_client import DaemonAnsweredError
from rtcd.daemon.ready import ReadyReport
from rtcd.errors import RtcdError
from rtcd.places import Places
from rtcd.settings import Settings
from rtcd_cli.spawned_daemon import SpawnedDaemon, clean_environment

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Progress = Callable[[str], None]


class DaemonDiedError(RtcdError):
    """The daemon ended before it was ready and without saying why."""

    code = "daemon-died"
    exit_code = 70


def begin(
    daemon: SpawnedDaemon,
    settings: Settings,
    places: Places,
    progress: Progress,
    meanwhile: Callable[[], None] = lambda: None,
) -> ReadyReport:
    """Tell a waiting daemon its settings; it outlives us. Returns when everyone can edit.

    ``meanwhile`` is done while the daemon is at work.

    Raises:
        DaemonAnsweredError: it said why it cannot.
        DaemonDiedError: it ended without a word; its log tells.
    """
    try:
        _send_settings(daemon.process, settings)
        meanwhile()
        return _hear(daemon.process, progress, f"Its log is {places.log_file}.")
    except KeyboardInterrupt:
        # Half started and unwanted: it must not stay behind.
        daemon.process.terminate()
        daemon.process.wait()
        raise


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
