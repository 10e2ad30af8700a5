"""Known bugs, planted one at a time in a copy of the package: do the suites notice?

Each bug is a replacement of text that must be there exactly once. The copy is made in a temporary
folder and comes first on the path; the package itself is never touched. A bug counts as caught
when its suite ends red, and the same suite is green on an untouched copy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHOWN_CHARACTERS = 2_000
WRITER = "tests/disk/test_writer.py"
WRITER_CRASHES = "tests/disk/test_writer_crashes.py"
COPIED = ("rtcd", "cli", "simulation", "tests", "pyproject.toml")


@dataclass(frozen=True)
class Bug:
    """One bug: ``old`` becomes ``new`` in ``file``; ``suite`` are words for pytest, if any."""

    name: str
    file: str
    old: str
    new: str
    suite: tuple[str, ...] = ()


BUGS = (
    Bug(
        "what was swapped out is not looked at",
        "rtcd/disk/writer.py",
        "            found = self._limbo.snapshot(swapped, path, expected)\n",
        "            found = expected\n",
        (f"{WRITER}::test_a_save_that_came_first_is_handed_back",),
    ),
    Bug(
        "written files are not synced",
        "rtcd/disk/writer.py",
        "            if self._durable:\n                os.fsync(fd)\n        temporary = _Temporary(fd)\n",
        "        temporary = _Temporary(fd)\n",
        (f"{WRITER}::test_what_is_written_is_on_the_disk_before_it_has_its_name",),
    ),
    Bug(
        "only newer times count as changes",
        "rtcd/disk/file_stat.py",
        "        return (self.dev, self.ino, self.size, self.mtime_ns, self.ctime_ns, self.kind) == (\n",
        "        if other.mtime_ns <= self.mtime_ns:\n            return True\n"
        "        return (self.dev, self.ino, self.size, self.mtime_ns, self.ctime_ns, self.kind) == (\n",
        ("tests/disk/test_file_stat.py",),
    ),
    Bug(
        "a room made anew is taken for the old one",
        "rtcd/sync/ledger.py",
        "            and mark.session_id == session_id\n"
        "            and covers(pulled_state, mark.state_vector)\n",
        "",
        ("tests/sync/test_ledger.py",),
    ),
    Bug(
        "what a crash left in limbo is not taken up",
        "rtcd/disk/writer.py",
        "        return self._limbo.recover(self._clock())\n",
        "        return []\n",
        (f"{WRITER_CRASHES}::test_a_recovered_save_is_there_again_after_another_crash",),
    ),
    Bug(
        "links are followed",
        "rtcd/disk/confinement.py",
        "        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)\n",
        "        return os.open(name, flags & ~os.O_NOFOLLOW, dir_fd=folder)\n",
        ("tests/disk/test_confinement.py",),
    ),
    Bug(
        "an absent file is a deleted one at once",
        "rtcd/disk/settle.py",
        "ABSENT_S = 0.4\n",
        "ABSENT_S = 0.0\n",
        ("tests/disk/test_settle.py",),
    ),
    Bug(
        "a truncated file is a save",
        "rtcd/disk/settle.py",
        "            until = max(_reasons_to_wait(entry, look, now), default=now)\n",
        "            until = now\n",
        ("tests/disk/test_settle.py",),
    ),
    Bug(
        "every save is taken as made from the newest version",
        "rtcd/merge/base.py",
        "        newest = self.newest\n        if same_meaning",
        "        newest = self.newest\n        if newest:\n"
        '            return BaseChoice(index=newest, why="")\n        if same_meaning',
        ("tests/merge/test_base.py",),
    ),
    Bug(
        "daemons do not take turns in a room made anew",
        "rtcd/sync/other_daemons.py",
        "        async with line.claimed(file_id):\n            yield\n",
        "        yield\n",
        ("tests/sync/test_other_daemons.py",),
    ),
    Bug(
        "mass deletions are carried on",
        "rtcd/sync/safety.py",
        "        return count > max(MIN_FILES, MAX_SHARE * known_files)\n",
        "        return False\n",
        ("tests/sync/test_safety.py",),
    ),
    Bug(
        "updates are decoded before they are measured",
        "rtcd/crdt/shared_doc.py",
        "        checked = check_update(update)\n",
        "        from rtcd.crdt.update_limits import CheckedUpdate\n"
        "        checked = CheckedUpdate(0, {})\n",
        ("tests/crdt/test_shared_doc.py", "tests/crdt/test_update_limits.py"),
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For ``python -m simulation bugs``."""
    parser.add_argument("only", nargs="*", help="words of the names of some bugs")


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the package, its tests and the simulator, to plant bugs in."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="rtcd-bugs-") as place:
        copy = Path(place)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        yield copy


@contextmanager
def planted(copy: Path, bug: Bug) -> Iterator[bool]:
    """While it lasts the bug is in the copy; False when its place was not found."""
    file = copy / bug.file
    text = file.read_text()
    if text.count(bug.old) != 1:
        print(f"{bug.name:<58}  the place was not found in {bug.file}")
        yield False
        return
    file.write_text(text.replace(bug.old, bug.new))
    try:
        yield True
    finally:
        file.write_text(text)


def run(arguments: argparse.Namespace) -> int:
    """Plant them; 1 when one was not caught, or when a suite is red without a bug."""
    chosen = [bug for bug in BUGS if all(word in bug.name for word in arguments.only)]
    with copied() as copy:
        suites = sorted({word for bug in chosen for word in bug.suite})
        code, seconds, words = _suite(copy, tuple(suites))
        print(f"{'without a bug':<58}  {'green' if code == 0 else 'RED':>6}  {seconds:>5.0f} s")
        if code:
            print(words[-SHOWN_CHARACTERS:])
            return 1
        caught = sum(_is_caught(copy, bug) for bug in chosen)
    print(f"caught {caught} of {len(chosen)}")
    return 0 if caught == len(chosen) else 1


def _is_caught(copy: Path, bug: Bug) -> bool:
    with planted(copy, bug) as is_there:
        if not is_there:
            return False
        code, seconds, _ = _suite(copy, bug.suite)
    print(f"{bug.name:<58}  {'caught' if code else 'MISSED':>6}  {seconds:>5.0f} s", flush=True)
    return code != 0


def _suite(copy: Path, words: tuple[str, ...]) -> tuple[int, float, str]:
    """Run it: exit code, seconds, and what it said."""
    started = time.monotonic()
    paths = os.pathsep.join((str(copy), str(copy / "cli")))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *words],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, time.monotonic() - started, done.stdout
