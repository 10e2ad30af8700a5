"""A daemon that was told too little of the disk finds out by itself."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from faults.daemons import Nursery, wait_for
from faults.rig import TEXT, Rig

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(240)]


def queue_length() -> int:
    """How many events the kernel keeps for one watcher."""
    return int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


@pytest.mark.long
def test_an_overflow_of_events_hides_no_save(nursery: Nursery) -> None:
    with Rig(nursery, "host") as rig:
        assert rig.folder.pid is not None
        os.kill(rig.folder.pid, signal.SIGSTOP)
        noise = rig.folder.root / "noise.txt"
        for _ in range(queue_length() // 4 + 500):
            # Four events each.
            noise.write_text("noise")
            noise.unlink()
        rig.edit_disk(TEXT)
        os.kill(rig.folder.pid, signal.SIGCONT)
        outcome = rig.outcome(60)
        assert outcome.is_clean, outcome


@pytest.mark.long
def test_a_name_that_is_not_text_stops_nobody(nursery: Nursery) -> None:
    with Rig(nursery, "host") as rig:
        bad = os.fsencode(rig.folder.root) + b"/bad\xff.txt"
        os.close(os.open(bad, os.O_CREAT | os.O_WRONLY, 0o644))
        rig.round()
        assert wait_for(rig.is_settled, 20) or not rig.outcome(0).lost
        codes = {problem["code"] for problem in rig.folder.state()["problems"]}
        assert codes == {"unnameable"}
        os.unlink(bad)
        rig.round()
        outcome = rig.outcome()
        assert (outcome.lost, outcome.doubled) == ([], []), outcome


def test_a_root_that_is_replaced_halts_and_nothing_is_deleted(nursery: Nursery) -> None:
    with Rig(nursery, "guest") as rig:
        assert rig.server is not None
        served = {file.name: file.read_bytes() for file in rig.server.root.iterdir()}
        root, aside = rig.folder.root, rig.place / "aside"
        root.rename(aside)
        root.mkdir()
        assert wait_for(lambda: rig.folder.state().get("state") == "halted", 40)
        found = {file.name: file.read_bytes() for file in rig.server.root.iterdir()}
        assert found == served
        root.rmdir()
        aside.rename(root)
