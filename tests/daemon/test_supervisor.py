"""The parent starts the daemon again after a bug, and only then."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rtcd.daemon import supervisor
from rtcd.daemon.supervisor import supervise
from rtcd.rooms.backoff import Backoff

Ready = Callable[[], None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTART_BACKOFF", Backoff(first=0.01, longest=0.02))


@pytest.fixture
def lives(tmp_path: Path) -> Callable[[bool], int]:
    """Counts the lives, over all processes: the number of this one, from 1."""

    def begin(restarted: bool) -> int:
        with (tmp_path / "lives").open("a") as file:
            file.write("r" if restarted else "f")
        return len((tmp_path / "lives").read_text())

    return begin


@pytest.mark.parametrize("end", [70, signal.SIGSEGV, signal.SIGABRT])
def test_after_a_bug_it_is_started_again(
    lives: Callable[[bool], int], tmp_path: Path, end: int
) -> None:
    def work(restarted: bool, ready: Ready) -> int:
        number = lives(restarted)
        ready()
        if number == 3:
            return 0
        if isinstance(end, signal.Signals):
            signal.signal(end, signal.SIG_DFL)
            os.kill(os.getpid(), end)
        return end

    assert supervise(work) == 0
    assert (tmp_path / "lives").read_text() == "frr"


@pytest.mark.parametrize(("end", "code"), [(0, 0), (3, 3), (signal.SIGKILL, 137)])
def test_what_the_user_ended_stays_ended(
    lives: Callable[[bool], int], tmp_path: Path, end: int, code: int
) -> None:
    def work(restarted: bool, ready: Ready) -> int:
        lives(restarted)
        ready()
        if isinstance(end, signal.Signals):
            os.kill(os.getpid(), end)
        return end

    assert supervise(work) == code
    assert (tmp_path / "lives").read_text() == "f"


def test_one_that_never_became_ready_is_not_tried_again(
    lives: Callable[[bool], int], tmp_path: Path
) -> None:
    assert supervise(lambda restarted, _: lives(restarted) and 70) == 70
    assert (tmp_path / "lives").read_text() == "f"


def test_one_that_cannot_come_back_at_once_is_tried_until_it_can(
    lives: Callable[[bool], int], tmp_path: Path
) -> None:
    """The server may be away just then."""

    def work(restarted: bool, ready: Ready) -> int:
        number = lives(restarted)
        if number == 1:
            ready()
            return 70
        if number < 4:
            return 3
        ready()
        return 0

    assert supervise(work) == 0
    assert (tmp_path / "lives").read_text() == "frrr"


def test_signals_reach_the_daemon(tmp_path: Path) -> None:
    def work(restarted: bool, ready: Ready) -> int:
        del restarted
        signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
        ready()
        os.kill(os.getppid(), signal.SIGTERM)
        signal.pause()
        return 1

    assert supervise(work) == 7
