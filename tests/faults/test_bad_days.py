"""A machine that sleeps for a minute, a clock that jumps by years, another synchroniser on the folder."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from end_to_end.live_file import notebook
from end_to_end.project_folder import RtcdFolder
from faults.daemons import FaultFolder, Nursery, wait_for
from faults.rig import BOTH, Mode, Rig, add_line, disk_text, save_by_rename
from faults.room_people import RoomPeople
from rtcd.history.history import History

pytestmark = [pytest.mark.end_to_end, pytest.mark.long, pytest.mark.timeout(400)]

SLEEP_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
SYNC_SECONDS = 20.0
YEAR = 365 * 24 * 3600


@pytest.mark.parametrize("mode", ["host", "guest"])
def test_a_machine_that_slept_for_a_minute_goes_on_and_deletes_nothing(
    nursery: Nursery, mode: Mode
) -> None:
    with Rig(nursery, mode) as rig:
        assert rig.folder.pid is not None
        os.kill(rig.folder.pid, signal.SIGSTOP)
        slept = time.monotonic()
        while time.monotonic() - slept < SLEEP_SECONDS:
            rig.come_back()
            rig.round()
            time.sleep(SLEEP_SECONDS / 6)
        os.kill(rig.folder.pid, signal.SIGCONT)
        rig.come_back()
        outcome = rig.outcome(PATIENCE_SECONDS)
        assert outcome.is_clean, outcome


CLOCK = """
import os, time

def _offset(file=os.environ["TEST_CLOCK_FILE"]):
    with open(file) as opened:
        return int(opened.read())

_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _offset()
time.time_ns = lambda: _time_ns() + _offset() * 10**9
"""
"""What every Python process loads first: its wall clock shows more or less than the true time.

libfaketime cannot be used: under its version 0.9.10 ``time.sleep`` of Python 3.11 fails (EINVAL).
"""


class JumpingClock:
    """The wall clock of the daemon and of its server, but for what their native libraries ask."""

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self.file = place / "offset"
        self.jump(0)
        self.modules = place
        (place / "sitecustomize.py").write_text(CLOCK)

    def jump(self, seconds: int) -> None:
        """The clock shows so much more than the true time."""
        beside = self.file.with_suffix(".new")
        beside.write_text(f"{seconds}")
        beside.replace(self.file)


@pytest.fixture
def clock(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> JumpingClock:
    """The clock of all Python processes that are started from now on."""
    made = JumpingClock(workplace / "clock")
    monkeypatch.setenv("TEST_CLOCK_FILE", str(made.file))
    monkeypatch.setenv("PYTHONPATH", str(made.modules), prepend=os.pathsep)
    return made


def test_a_clock_that_jumps_by_years_decides_nothing(workplace: Path, clock: JumpingClock) -> None:
    folder = RtcdFolder(workplace / "project", workplace / "home")
    folder.write("notes.txt", "first line\n")
    folder.start()
    people = RoomPeople()
    try:
        grace = people.visit(folder.address, "notes.txt")
        words: list[str] = []

        def is_so() -> bool:
            here, there = folder.read("notes.txt"), grace.text
            return here == there and all(here.count(word + " ") == 1 for word in words)

        for number, jump in enumerate((0, -YEAR, 10 * YEAR, -20 * YEAR, 0)):
            clock.jump(jump)
            words += [f"disk{number}", f"room{number}"]
            text = folder.read("notes.txt")
            save_by_rename(
                folder.root / "notes.txt",
                add_line("notes.txt", text, words[-2], random.Random(number)).encode(),
            )
            grace.type(words[-1], random.Random(number))

            assert wait_for(is_so, PATIENCE_SECONDS), (jump, folder.read("notes.txt"), grace.text)
        folder.wait(PATIENCE_SECONDS)
        assert folder.status()["conflicts"] == 0
    finally:
        people.close()
        folder.stop()


@contextmanager
def rsync_between(one: Path, other: Path) -> Iterator[None]:
    """Another synchroniser: the newer file goes over the older one, both ways, without end."""
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed: `apt-get install rsync`")
    copy = "rsync -au --exclude=.rtcd --exclude='.*' --exclude='*~'"
    script = f"while :; do {copy} '{one}/' '{other}/'; {copy} '{other}/' '{one}/'; sleep 0.2; done"
    process = subprocess.Popen(["sh", "-c", script], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_beside_another_synchroniser_every_word_is_kept_and_writing_ends(
    nursery: Nursery, workplace: Path
) -> None:
    host = FaultFolder(nursery, workplace / "host", workplace / "home0")
    guest = FaultFolder(nursery, workplace / "guest", workplace / "home1")
    rng = random.Random(1)
    words: dict[str, list[str]] = {path: [] for path in BOTH}
    host.write("notes.txt", "first line\n")
    host.write("work.ipynb", notebook("first = 1\n", "last = 2\n"))
    host.begin()
    guest.begin(server_url=host.address.url, token=host.address.token.reveal())
    try:

        def is_so() -> bool:
            texts = [[disk_text(folder, path) for path in BOTH] for folder in (host, guest)]
            return texts[0] == texts[1] and host.at_rest() and guest.at_rest()

        assert wait_for(is_so, PATIENCE_SECONDS)
        with rsync_between(host.root, guest.root):
            began = time.monotonic()
            while time.monotonic() - began < SYNC_SECONDS:
                folder, path = rng.choice((host, guest)), rng.choice(BOTH)
                word = f"word{sum(map(len, words.values())):04d}"
                text = folder.read(path)
                save_by_rename(folder.root / path, add_line(path, text, word, rng).encode())
                words[path].append(word)
                time.sleep(rng.choice((0.05, 0.3, 1.0)))
            assert wait_for(is_so, PATIENCE_SECONDS), [
                (path, disk_text(host, path), disk_text(guest, path)) for path in BOTH
            ]
            # Nobody writes any more: neither do they.
            files = [folder.root / path for folder in (host, guest) for path in BOTH]
            stamps = [file.stat().st_ctime_ns for file in files]
            time.sleep(5)
            assert [file.stat().st_ctime_ns for file in files] == stamps
        assert wait_for(is_so, PATIENCE_SECONDS)
        # What the other one has overwritten by an older file counts as taken back by a save.
        texts = [host.read(path) for path in BOTH]
        texts += [text for folder in (host, guest) for text in versions_of(folder, workplace)]
        said = [word for some in words.values() for word in some]
        assert [word for word in said if not any(word + " " in text for text in texts)] == []
        writes = sum(folder._whole_log().count("file written") for folder in (host, guest))
        assert writes <= 2 * len(said)
    finally:
        guest.end()
        host.end()


def versions_of(folder: FaultFolder, workplace: Path) -> list[str]:
    """Every version that a folder's history has of the files, read from a copy."""
    copy = workplace / f"history of {folder.root.name}"
    copy.mkdir()
    for file in folder.places.inside.glob("state.db*"):
        shutil.copy(file, copy)
    history = History.open(copy / "state.db")
    try:
        return [
            (history.blob(version.digest) or b"").decode()
            for path in BOTH
            for version in history.versions(path)
        ]
    finally:
        history.close()
