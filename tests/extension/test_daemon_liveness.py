"""The lock as a sign of life, with real locks."""

from __future__ import annotations

import fcntl
import json
import os
import threading

import pytest

from extension.fake_daemon import lock_held
from rtcd.extension.daemon_liveness import (
    CACHE_SECONDS,
    DaemonLiveness,
    LockLook,
    look_at_lock,
    same_server,
)
from rtcd.places import Places


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    (tmp_path / "p").mkdir()
    return Places.of(tmp_path / "p")


def test_without_a_lock_file_nobody_lives_and_none_is_made(places):
    assert look_at_lock(places.lock) == LockLook(held=False)
    assert not places.inside.exists()


def test_a_lock_that_is_held_is_a_living_daemon_and_one_let_go_is_not(places):
    with lock_held(places):
        assert look_at_lock(places.lock) == LockLook(held=True)
    assert look_at_lock(places.lock) == LockLook(held=False)


def test_a_daemon_that_died_without_a_word_is_seen_dead(places):
    """The kernel frees the lock of a killed process."""
    places.make()
    child = os.fork()
    if child == 0:
        descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert look_at_lock(places.lock) == LockLook(held=False)


def test_an_answer_holds_for_a_moment_unless_a_fresh_one_is_asked_for(places):
    now = [10.0]
    liveness = DaemonLiveness(places.lock, clock=lambda: now[0])
    with lock_held(places):
        assert liveness.alive()
    assert liveness.alive()
    assert not liveness.alive(fresh=True)
    with lock_held(places):
        now[0] += CACHE_SECONDS + 0.01
        assert liveness.alive()


@pytest.mark.parametrize(
    ("note", "alive"),
    [
        ("", True),
        ("4711\n", True),
        ("[]", True),
        ("{", True),
        (json.dumps({"server": "http://localhost:8888/"}), True),
        (json.dumps({"server": "http://127.0.0.1:8889/"}), False),
        (json.dumps({"server": "https://hub.example/user/x/"}), False),
        (json.dumps({"server": 5}), True),
    ],
)
def test_a_daemon_of_another_server_counts_as_none(places, note, alive):
    liveness = DaemonLiveness(places.lock, lambda: "http://127.0.0.1:8888/")
    with lock_held(places, note):
        assert liveness.alive() is alive


def test_a_link_in_place_of_the_lock_is_not_followed(places, tmp_path):
    places.make()
    places.lock.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").touch()
    assert look_at_lock(places.lock) == LockLook(held=False)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a/", "http://b:80", True),
        ("https://a/x/", "https://a:443/x", True),
        ("http://a:1/", "http://a:2/", False),
        ("http://a/x", "http://a/y", False),
    ],
)
def test_servers_are_told_apart_by_port_and_path(one, other, same):
    assert same_server(one, other) is same


def test_a_starting_daemon_gets_its_lock_while_it_is_asked_after_all_the_time(places):
    """A probe holds a shared lock for microseconds; a daemon tries again for a moment."""
    places.make()
    descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o600)
    stop = threading.Event()

    def hammer():
        while not stop.is_set():
            look_at_lock(places.lock)

    hammering = threading.Thread(target=hammer)
    hammering.start()
    try:
        most = 0
        for _ in range(200):
            tries = 1
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    tries += 1
            most = max(most, tries)
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        stop.set()
        hammering.join()
        os.close(descriptor)
    assert most < 1000
