"""The parent starts the daemon again after a bug, and only then."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from end_to_end.project_folder import eventually
from rtcd.daemon import supervisor
from rtcd.daemon.supervisor import supervise
from rtcd.daemon.supervisor_mark import Supervisor, SupervisorMark
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


def test_while_it_waits_it_can_be_found_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "RESTART_BACKOFF", Backoff(first=3600.0, longest=3600.0))

    def work(restarted: bool, ready: Ready) -> int:
        del restarted
        ready()
        return 70

    path = tmp_path / "supervisor"
    assert Supervisor.find(path) is None
    pid = os.fork()
    if pid == 0:
        mark = SupervisorMark.leave(path, tmp_path)
        os._exit(supervise(work, mark))
    eventually(lambda: (found := Supervisor.find(path)) is not None and found.waits, "the wait", 30)
    found = Supervisor.find(path)
    assert found is not None
    assert (found.pid, found.seconds > 0, SupervisorMark.leave(path, tmp_path)) == (pid, True, None)
    # It waits for its parent to look before the kernel forgets it.
    assert found.end()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
    assert Supervisor.find(path) is None


def test_a_child_that_outlives_its_parent_does_not_hold_the_mark(tmp_path: Path) -> None:
    path = tmp_path / "supervisor"
    stay_read, stay_write = os.pipe()

    def work(restarted: bool, ready: Ready) -> int:
        del restarted
        ready()
        os.close(stay_write)
        os.read(stay_read, 1)
        return 0

    pid = os.fork()
    if pid == 0:
        os._exit(supervise(work, SupervisorMark.leave(path, tmp_path)))
    eventually(lambda: Supervisor.find(path) is not None, "the mark", 30)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert Supervisor.find(path) is None
    os.close(stay_write)
    os.close(stay_read)


def test_signals_reach_the_daemon() -> None:
    """In a process of its own, which has one thread as the real one: others would take the signal."""

    def work(restarted: bool, ready: Ready) -> int:
        del restarted
        signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
        ready()
        os.kill(os.getppid(), signal.SIGTERM)
        signal.pause()
        return 1

    pid = os.fork()
    if pid == 0:
        os._exit(supervise(work))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
