"""``rtcd stop``: flush, let the server have everything, end the daemon."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from rtcd.daemon.control_client import ask
from rtcd.daemon.lock import is_held
from rtcd.daemon.supervisor_mark import Supervisor
from rtcd.errors import NoDaemonError, RtcdError
from rtcd.places import Places
from rtcd_cli.open import forget_redirect
from rtcd_cli.output import line, mark, plural, safe, show, show_json
from rtcd_cli.pending import show_pending
from rtcd_cli.project_option import ask_status, chosen_places, directory_argument, json_option

FLUSH_SECONDS = 10.0
OFFLINE_FLUSH_SECONDS = 3.0
"""A server that does not answer may be about to: long enough for one that was just restarted."""

STOP_TIMEOUT_SECONDS = 40.0
# The daemon flushes once more, and a server that it started has to end.
END_TIMEOUT_SECONDS = 40.0

# A daemon that has just ended by itself leaves its parent a moment later.
ENDING_SECONDS = 1.0


class StillRunningError(RtcdError):
    """The daemon was told to stop and its process is still there."""

    code = "still-running"


@click.command()
@directory_argument
@json_option
def stop(directory: Path | None, as_json: bool) -> None:
    """Stop sharing a folder; what is left are plain files.

    Waits up to 10 seconds for the server to have everything (3 while it does not answer), and says
    if something is still on its way. What the server does not have stays on your disk and is merged at the next start.
    A server that rtcd started ends, too.
    """
    places = chosen_places(directory)
    try:
        status = ask_status(places)
        pid = status.daemon.pid
        pending = _flush(
            places, FLUSH_SECONDS if status.server.connected else OFFLINE_FLUSH_SECONDS
        )
        ask(places.control_socket, "stop", timeout=STOP_TIMEOUT_SECONDS)
    except NoDaemonError:
        _tell_end(places, as_json=as_json, stopped=_end_supervisor(places), pending=[])
        return
    _wait_for_end(pid, places)
    forget_redirect(places)
    _tell_end(places, as_json=as_json, stopped=True, pending=pending)


def _tell_end(
    places: Places, *, as_json: bool, stopped: bool, pending: list[dict[str, Any]]
) -> None:
    if as_json:
        document = {"schema": 1, "project": str(places.project), "stopped": stopped}
        show_json({**document, "pending": pending})
        return
    folder = (safe(str(places.project)), "cyan")
    if not stopped:
        show(line("Nothing to stop: no daemon runs for ", folder))
        return
    show(line(mark("ok"), " Stopped sharing ", (folder[0], "bold cyan")))
    if pending:
        show("", line(mark("warn"), f" {plural(len(pending), 'change')} not on the server yet"))
        show_pending(pending)
        show("", "Safe on your disk; the next `rtcd start` merges it.")


def _end_supervisor(places: Places) -> bool:
    """End one that is about to begin a daemon again, or whose daemon does not listen yet."""
    supervisor = Supervisor.find(places.supervisor)
    if supervisor is None:
        return False
    if not supervisor.waits and supervisor.is_gone_within(ENDING_SECONDS):
        return False
    if not supervisor.end(END_TIMEOUT_SECONDS):
        raise _still_running(supervisor.pid, places)
    return True


def _flush(places: Places, seconds: float) -> list[dict[str, Any]]:
    """Wait until the server has everything; what it has not when the time is up."""
    arguments = {"paths": [], "timeout": seconds, "theirs": False}
    try:
        result = ask(places.control_socket, "wait", arguments, timeout=seconds + 5.0)
    except NoDaemonError:
        raise
    except RtcdError as error:
        # Stopping must be possible whatever is wrong; the reason is what is told as pending.
        return [{"path": None, "why": error.message}]
    return list((result or {}).get("pending", []))


def _wait_for_end(pid: int, places: Places) -> None:
    deadline = time.monotonic() + END_TIMEOUT_SECONDS
    held = (places.lock, places.supervisor)
    while places.control_socket.exists() or any(map(is_held, held)):
        if time.monotonic() > deadline:
            raise _still_running(pid, places)
        time.sleep(0.02)


def _still_running(pid: int, places: Places) -> StillRunningError:
    return StillRunningError(
        f"the daemon (process {pid}) was told to stop and is still there",
        hint=f"Look into {places.log_file}; `kill {pid}` ends it, and loses nothing.",
    )
