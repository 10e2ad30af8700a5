"""The brakes."""

from __future__ import annotations

from rtcd.sync.safety import DeletionBrake


def _brake_after(vanished: int, known: int, seconds_between: float = 0.0) -> bool:
    brake = DeletionBrake()
    halted = False
    for number in range(vanished):
        now = number * seconds_between
        brake.note(f"{number}.txt", now)
        halted = halted or brake.must_halt(known, now)
    return halted


def test_twenty_files_may_go_and_the_twenty_first_halts():
    assert not _brake_after(20, known=30)
    assert _brake_after(21, known=30)


def test_in_a_large_project_the_share_counts():
    assert not _brake_after(300, known=1000)
    assert _brake_after(301, known=1000)


def test_files_that_go_one_by_one_over_time_do_not_halt():
    assert not _brake_after(200, known=30, seconds_between=0.5)


def test_a_file_that_comes_back_does_not_count():
    brake = DeletionBrake()
    for number in range(21):
        brake.note(f"{number}.txt", 0.0)
    brake.returned("0.txt")
    assert not brake.must_halt(30, 0.0)


def test_one_file_that_vanishes_often_counts_once():
    brake = DeletionBrake()
    for _ in range(100):
        brake.note("a.txt", 0.0)
    assert not brake.must_halt(30, 0.0)
