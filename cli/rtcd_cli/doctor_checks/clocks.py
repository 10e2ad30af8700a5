"""Do the clocks agree?"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from rtcd.daemon.status import StatusReport
from rtcd.places import Places
from rtcd_cli.doctor_checks.check import Check
from rtcd_cli.doctor_checks.trial_folder import trial_folder

CLOCK_TOLERANCE_SECONDS = 5.0
SERVER_TIMEOUT_SECONDS = 3.0


def check_clocks(places: Places, status: StatusReport | None) -> Iterator[Check]:
    """Ours against the file system's and the server's; times only inform, so trouble is small."""
    differences = []
    with trial_folder(places) as folder:
        if folder is not None:
            trial = folder / "clock"
            trial.write_bytes(b"")
            differences.append(("the file system", trial.stat().st_mtime - time.time()))
    if status is not None and (server := server_time(status.server.url)) is not None:
        differences.append(("the server", server - time.time()))
    wrong = [
        f"{whose}'s clock is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}"
        for whose, off in differences
        if abs(off) > CLOCK_TOLERANCE_SECONDS
    ]
    if wrong:
        hint = "Times in the history will look odd; nothing is decided by them."
        yield Check("clocks", "warn", "; ".join(wrong), hint)
    elif differences:
        yield Check("clocks", "ok", "agree: " + ", ".join(whose for whose, _ in differences))


def server_time(url: str) -> float | None:
    """The server's clock from the head of an answer that needs no token; None without one."""
    try:
        with urllib.request.urlopen(url + "api", timeout=SERVER_TIMEOUT_SECONDS) as answer:
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        date = error.headers.get("Date")
    except (OSError, ValueError):
        return None
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
