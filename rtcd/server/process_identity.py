"""``ProcessIdentity``: a process that cannot be mistaken for a later one with the same number."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

STATE_FIELD, START_FIELD = 0, 19  # of /proc/PID/stat, counted after the name (proc(5))


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """``started`` is what the system says about its start; only good for comparing."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The process with this number; None when there is none, or only its remains."""
        if pid <= 0:
            return None
        stat = Path(f"/proc/{pid}/stat")
        if stat.parent.parent.joinpath("self").exists():
            return cls._from_proc(pid, stat)
        return cls._from_ps(pid)

    def is_alive(self) -> bool:
        """True while this very process runs."""
        return ProcessIdentity.of(self.pid) == self

    @classmethod
    def _from_proc(cls, pid: int, stat: Path) -> ProcessIdentity | None:
        try:
            text = stat.read_text(errors="replace")
        except OSError:
            return None
        # The name in parentheses may hold blanks and parentheses itself.
        fields = text.rpartition(")")[2].split()
        return None if fields[STATE_FIELD] in "ZX" else cls(pid, fields[START_FIELD])

    @classmethod
    def _from_ps(cls, pid: int) -> ProcessIdentity | None:
        told = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        started = told.stdout.strip()
        return cls(pid, started) if started else None
