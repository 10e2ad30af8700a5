"""Does the daemon run and answer, and what is the server that it works with?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rtcd import __version__
from rtcd.daemon.lock import is_held
from rtcd.daemon.status import StatusReport
from rtcd.daemon.supervisor_mark import Supervisor
from rtcd.errors import NoDaemonError, RtcdError
from rtcd.places import Places
from rtcd.server import versions
from rtcd_cli.doctor_checks.check import Check, Outcome
from rtcd_cli.project_option import ask_status


def check_daemon(places: Places) -> tuple[StatusReport | None, Check]:
    """Does it run, does it answer, is it the same version as this command?"""
    try:
        status = ask_status(places)
    except NoDaemonError as error:
        supervisor = Supervisor.find(places.supervisor)
        if supervisor is not None and supervisor.waits:
            return None, Check("daemon", "fail", error.message, f"Look into {places.log_file}.")
        if is_held(places.lock):
            return None, Check(
                "daemon",
                "fail",
                "a daemon holds the folder and does not listen",
                f"It may still be starting; look into {places.log_file}.",
            )
        return None, Check("daemon", "note", "none runs", "`rtcd start` shares the folder.")
    except RtcdError as error:
        return None, Check("daemon", "fail", error.message, error.hint)
    if status.daemon.version != __version__:
        return status, Check(
            "daemon",
            "warn",
            f"it is rtcd {status.daemon.version}, this command is {__version__}",
            "Run `rtcd stop` and `rtcd start`.",
        )
    outcome: Outcome = "fail" if status.state in ("error", "halted") else "ok"
    if not status.server.connected:
        outcome = "fail"
    hints = {"halted": "`rtcd resume` tells why.", "offline": "Is the server up? Is it reachable?"}
    words = f"process {status.daemon.pid}, {status.state}, server {status.server.url}"
    return status, Check("daemon", outcome, words, hints.get(status.state, ""))


def check_server_elsewhere(status: StatusReport | None) -> Iterator[Check]:
    """The versions that the connected server told us."""
    if status is None or status.server.mode == "embedded":
        return
    told = dict(re.findall(r"([\w.-]+)[ /](\d[\w.]*)", status.server.software))
    for finding in versions.check_server(told):
        yield Check("server", "warn", finding.message, finding.hint)
