"""A daemon that is spawned before the command line is understood."""

from __future__ import annotations

import sys

import pytest

from rtcd_cli.commands import run
from rtcd_cli.spawned_daemon import SpawnedDaemon, wants_daemon

WAITS = (sys.executable, "-c", "import sys; sys.exit(3 if sys.stdin.readline() else 0)")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["start"], True),
        (["start", "thesis", "--json"], True),
        (["-C", "thesis", "start"], True),
        (["join", "7-guitar-honey-otter"], True),
        (["start", "--help"], False),
        (["start", "--foreground"], False),
        (["status"], False),
        (["history", "start"], False),
        (["-C", "start"], False),
        ([], False),
    ],
)
def test_a_daemon_is_spawned_ahead_where_one_begins(arguments: list[str], wanted: bool) -> None:
    assert wants_daemon(arguments, {}) is wanted
    assert not wants_daemon(arguments, {"_RTCD_COMPLETE": "bash_source"})


def test_a_daemon_that_was_told_nothing_ends_with_the_call(
    capfd: pytest.CaptureFixture[str],
) -> None:
    ahead = SpawnedDaemon(WAITS)
    assert run(["start", "--no-such-option"], ahead=ahead) == 2
    assert ahead.process.returncode is not None
    assert "No such option" in capfd.readouterr().err


def test_a_daemon_gets_no_token_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTCD_TOKEN", "canary")
    look = "import os, sys; print('RTCD_TOKEN' in os.environ, os.getcwd()); sys.stdin.read()"
    with SpawnedDaemon((sys.executable, "-c", look)) as ahead:
        assert ahead.process.stdout is not None
        assert ahead.process.stdout.readline() == b"False /\n"
