"""A shared folder, the real command ``rtcd`` in it, and a daemon with scripted answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fakes.daemon import Answers, FakeDaemon, running
from forked.rtcd import call_rtcd
from rtcd.places import Places

ROOT = Path(__file__).parents[2]
FAKE_DAEMON = (sys.executable, "-m", "fakes.daemon")
WITH_FAKE_DAEMON = """
import sys
from rtcd_cli.commands import run
sys.exit(run(sys.argv[1:], daemon_command=[sys.executable, "-m", "fakes.daemon"]))
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What one call of ``rtcd`` gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shell:
    """A project folder and the command line in it."""

    project: Path
    environment: dict[str, str]

    @property
    def places(self) -> Places:
        return Places.of(self.project)

    def rtcd(
        self,
        *arguments: str,
        cwd: Path | None = None,
        fake_daemon: bool = False,
        stdin: str = "",
        **environment: str,
    ) -> Result:
        """Run the command to its end, in a fork of a process that has loaded it already."""
        done = call_rtcd(
            arguments,
            cwd=cwd or self.project,
            environment=self.environment | environment,
            stdin=stdin,
            seconds=120,
            daemon_command=FAKE_DAEMON if fake_daemon else None,
        )
        return Result(done.returncode, self._tidy(done.stdout), self._tidy(done.stderr))

    def rtcd_afresh(self, *arguments: str, **environment: str) -> Result:
        """Run it in a process of its own, for what is decided while that is loaded."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.project,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Result(done.returncode, self._tidy(done.stdout), self._tidy(done.stderr))

    def command(self, *arguments: str, fake_daemon: bool = False) -> list[str]:
        if fake_daemon:
            return [sys.executable, "-P", "-c", WITH_FAKE_DAEMON, *arguments]
        return [sys.executable, "-P", "-m", "rtcd_cli", *arguments]

    def _tidy(self, text: str) -> str:
        text = text.replace(str(self.places.state), "STATE").replace(str(self.project), "PROJECT")
        return text.replace(f"process {os.getpid()}", "process PID")

    @contextmanager
    def daemon(self, answers: Answers) -> Iterator[FakeDaemon]:
        """A fake daemon for this project, in a thread of the test."""
        with running(self.places, answers) as fake:
            yield fake


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A project in a home of its own; nothing of the real user is read or written."""
    home = tmp_path / "home"
    project = tmp_path / "project"
    home.mkdir()
    project.mkdir()
    for name in ("XDG_RUNTIME_DIR", "RTCD_TOKEN", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in (".", "cli", "tests")),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        environment.pop(name, None)
    return Shell(project, environment)


@pytest.fixture
def status() -> Callable[..., dict[str, Any]]:
    """Make a status document; keyword arguments replace its fields."""

    def make(**fields: Any) -> dict[str, Any]:
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7300))
        return {
            "schema": 1,
            "project": "/abs/dir",
            "seq": 42,
            "state": "synced",
            "daemon": {"pid": os.getpid(), "version": "0.1.0", "started": started},
            "server": {
                "url": "http://127.0.0.1:8888/",
                "mode": "embedded",
                "connected": True,
                "software": "jupyter-server-ydoc 3.0.4",
            },
            "files": [],
            "people": [],
            "problems": [],
            "conflicts": 0,
            **fields,
        }

    return make


def file_json(path: str, **fields: Any) -> dict[str, Any]:
    """One item of ``files``."""
    return {
        "path": path,
        "kind": "text",
        "state": "synced",
        "reason": None,
        "live": False,
        "conflicts": 0,
        "people": [],
        **fields,
    }
