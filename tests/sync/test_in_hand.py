"""What a dead process was working on is known to the next one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from rtcd.project_path import ProjectPath
from rtcd.sync.in_hand import CrashNotes

POISON = ProjectPath("a folder/gift \N{SKULL}.ipynb")


def die_of(path: ProjectPath, folder: Path, *, restarted: bool) -> None:
    """A daemon that a native library kills while it works on a file."""
    pid = os.fork()
    if pid == 0:
        notes = CrashNotes(folder, restarted=restarted)
        with notes.working_on(ProjectPath("fine.txt")):
            pass
        with notes.working_on(path):
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGSEGV


def test_a_file_that_three_daemons_died_of_is_set_aside(tmp_path: Path) -> None:
    for number in range(3):
        die_of(POISON, tmp_path, restarted=number > 0)
    notes = CrashNotes(tmp_path, restarted=True)
    assert notes.set_aside() == [POISON]
    notes.close()


def test_one_or_two_deaths_are_forgiven(tmp_path: Path) -> None:
    for number in range(2):
        die_of(POISON, tmp_path, restarted=number > 0)
    notes = CrashNotes(tmp_path, restarted=True)
    assert notes.set_aside() == []
    notes.close()


def test_a_start_by_the_user_forgets(tmp_path: Path) -> None:
    for number in range(3):
        die_of(POISON, tmp_path, restarted=number > 0)
    CrashNotes(tmp_path, restarted=False).close()
    notes = CrashNotes(tmp_path, restarted=True)
    assert notes.set_aside() == []
    notes.close()


def test_damaged_notes_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "crashes.json").write_text('{"../etc": [1], "a": 5')
    (tmp_path / "in-hand").write_bytes(b"\xff\x0f" + b"\xff" * 100)
    notes = CrashNotes(tmp_path, restarted=True)
    assert notes.set_aside() == []
    notes.close()
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} <= {0o600, 0o644}
