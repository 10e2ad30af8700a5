"""I/O errors: the n-th system call of a kind fails, once or from then on, while people work."""

from __future__ import annotations

import time
from dataclasses import dataclass

from faults.daemons import wait_for
from faults.rig import Outcome, Rig
from faults.rounds import ROUNDS
from faults.strace import Strace, inject

FAIL_CALLS = (
    "openat",
    "openat2",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "renameat2",
    "renameat",
    "linkat",
    "unlinkat",
    "unlink",
    "fchmod",
    "utimensat",
    "flistxattr",
    "mkdirat",
    "getdents64",
    "newfstatat",
    "fstat",
    "mmap",
    "sendto",
    "recvfrom",
    "socket",
    "connect",
    "accept4",
)
ERRNOS = ("ENOSPC", "EIO", "EACCES", "EROFS", "EMFILE", "EINTR")
ROUND_SECONDS = 1.0
LASTING_SECONDS = 1.5
HEAL_SECONDS = 40.0
LIE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ErrorPoint:
    """One error; ``lasting``: every such call fails from then on, until it is healed."""

    mode: str
    round: str
    call: str
    number: int
    errno: str
    lasting: bool

    def __str__(self) -> str:
        how = "lasting" if self.lasting else "once"
        return f"{self.mode} {self.round} {self.call} {self.number} {self.errno} {how}"


def fail(rig: Rig, point: ErrorPoint) -> Outcome:
    """Let the call fail while a round goes on, heal it, and check."""
    assert rig.folder.pid is not None
    if point.round in ("rename", "delete"):
        rig.shared_file()
    pid = rig.folder.pid
    when = f"{point.number}+" if point.lasting else str(point.number)
    with Strace(pid, *inject(point.call, f"error={point.errno}", when)):
        ROUNDS[point.round](rig)
        wait_for(rig.is_settled, LASTING_SECONDS if point.lasting else ROUND_SECONDS)
    outcome = _healed(rig)
    if not rig.folder.is_alive:
        ended = outcome.trouble
        if not rig.folder.find_again(20):
            rig.folder.begin()
        rig.come_back()
        outcome = rig.outcome()
        outcome.trouble += ["the daemon ended", *ended]
    if outcome.is_clean:
        rig.start_over()
    return outcome


def _healed(rig: Rig) -> Outcome:
    """The daemon's own way back; ``synced`` while the sides differ is a lie after a while."""
    wrong_since: float | None = None
    deadline = time.monotonic() + HEAL_SECONDS
    while time.monotonic() < deadline and rig.folder.is_alive:
        if rig.is_settled():
            return Outcome()
        rig.come_back()
        if not rig.tells_a_lie():
            wrong_since = None
        elif wrong_since is None:
            wrong_since = time.monotonic()
        elif time.monotonic() - wrong_since > LIE_SECONDS:
            found = rig.outcome(0)
            found.trouble.append("it says synced while disk and room differ")
            return found
        time.sleep(0.02)
    return rig.outcome(0)
