"""Crash points: the daemon is killed at the n-th system call of a kind, then comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from faults.daemons import wait_for
from faults.rig import BOTH, NOTEBOOK, Outcome, Rig, disk_text
from faults.rounds import ROUNDS
from faults.strace import Strace, inject

# The database, the files, the sockets; and what is read before anything is decided.
KILL_CALLS = (
    "pwrite64",
    "write",
    "sendto",
    "renameat2",
    "renameat",
    "fsync",
    "fdatasync",
    "openat",
    "openat2",
    "unlinkat",
    "unlink",
    "linkat",
    "ftruncate",
    "fchmod",
    "utimensat",
    "mkdirat",
    "recvfrom",
    "read",
    "pread64",
    "close",
)
ROUND_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """``while_starting``: edits were made while no daemon ran, and the next one dies at its start."""

    mode: str
    round: str
    call: str
    number: int
    while_starting: bool = False

    def __str__(self) -> str:
        when = "start" if self.while_starting else "running"
        return f"{self.mode} {self.round} {when} {self.call} {self.number}"


def crash(rig: Rig, point: CrashPoint) -> tuple[bool, Outcome]:
    """Kill the daemon there; whether the point was reached, and how all stood in the end."""
    before = {path: list(tokens) for path, tokens in rig.tokens.items()}
    if point.while_starting:
        died = _die_while_starting(rig, point)
    else:
        died = _die_while_running(rig, point)
    damage = _damage(rig, before) if died else []
    if not rig.folder.is_alive:
        rig.folder.pid = None
        rig.folder.begin()
    rig.come_back()
    outcome = rig.outcome()
    outcome.trouble += damage
    if outcome.is_clean:
        rig.start_over()
    return died, outcome


def _die_while_running(rig: Rig, point: CrashPoint) -> bool:
    assert rig.folder.pid is not None
    if point.round in ("rename", "delete"):
        rig.shared_file()
    with Strace(rig.folder.pid, *inject(point.call, "signal=KILL", str(point.number))):
        ROUNDS[point.round](rig)
        wait_for(lambda: not rig.folder.is_alive or rig.is_settled(), ROUND_SECONDS)
    return not rig.folder.is_alive


def _die_while_starting(rig: Rig, point: CrashPoint) -> bool:
    if point.round in ("rename", "delete"):
        rig.shared_file()
    rig.folder.slay()
    ROUNDS[point.round](rig)
    pid = rig.folder.launch(stopped=True)
    with Strace(pid, *inject(point.call, "signal=KILL", str(point.number))):
        os.kill(pid, signal.SIGCONT)
        rig.folder.ready()
        wait_for(lambda: not rig.folder.is_alive or rig.is_settled(), ROUND_SECONDS)
    return not rig.folder.is_alive


def _damage(rig: Rig, before: dict[str, list[str]]) -> list[str]:
    """What a dead daemon has left: every file has to be whole, old or new."""
    found = []
    for path in BOTH:
        text = disk_text(rig.folder, path)
        if path == NOTEBOOK and text.startswith("unreadable"):
            found.append(f"{path} is not whole: {text}")
        missing = [token for token in before[path] if token + " " not in text]
        if missing:
            found.append(f"{path} lacks {missing} after the crash")
    return found


def kinds(rounds: Iterable[str] = tuple(ROUNDS)) -> Iterator[tuple[str, str, bool]]:
    """All kinds of crash points of a mode: round, call, while starting."""
    for while_starting in (False, True):
        for name in rounds:
            for call in KILL_CALLS:
                yield name, call, while_starting
