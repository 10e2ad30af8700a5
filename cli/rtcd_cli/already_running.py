"""Whether a daemon runs for a folder, before another one is begun."""

from __future__ import annotations

from rtcd.daemon.ready import ReadyReport
from rtcd.daemon.supervisor_mark import Supervisor
from rtcd.errors import NoDaemonError
from rtcd.places import Places
from rtcd_cli.project_option import ask_status


def already_running(places: Places) -> ReadyReport | None:
    """What the folder's daemon says of itself; None when none runs, and none will by itself."""
    try:
        return ReadyReport.of_running(ask_status(places), places)
    except NoDaemonError:
        supervisor = Supervisor.find(places.supervisor)
        if supervisor is not None and supervisor.waits:
            # It would begin a daemon of its own beside the one that is wanted now.
            supervisor.end()
        return None
