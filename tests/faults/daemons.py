"""Real daemons for fault tests: folders of their own, forked from one nursery, asked directly."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from end_to_end.project_folder import RtcdFolder, eventually
from rtcd.daemon.control_client import ask
from rtcd.errors import RtcdError
from rtcd.places import Places
from rtcd.settings import Settings

START_SECONDS = 60.0
NURSERY = Path(__file__).with_name("nursery.py")


class Nursery:
    """The process that forks daemons."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-P", "-X", "faulthandler", str(NURSERY)]
        self._process = subprocess.Popen(command, stdin=theirs)
        theirs.close()
        self._line.settimeout(START_SECONDS)
        assert self._line.recv(100) == b"ready"

    def daemon(self, request: dict[str, Any], descriptors: list[int]) -> int:
        """Fork a daemon; its process id."""
        socket.send_fds(self._line, [json.dumps(request).encode()], descriptors)
        return int(self._line.recv(100))

    def close(self) -> None:
        """No more daemons; those that run go on."""
        self._line.close()
        self._process.wait(timeout=40)


class FaultFolder(RtcdFolder):
    """A folder whose daemon may be started, killed and asked many times a minute."""

    def __init__(self, nursery: Nursery, root: Path, home: Path, **settings: str) -> None:
        super().__init__(root, home, **settings)
        self._nursery = nursery
        self.settings: dict[str, Any] = {}
        self.pid: int | None = None
        with self.in_its_environment():
            self.places = Places.of(root)

    @contextlib.contextmanager
    def in_its_environment(self) -> Iterator[None]:
        """This process with the folder's environment, for a moment."""
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def launch(self, *, stopped: bool = False, **settings: Any) -> int:
        """Begin a daemon; settings given once stay. Its parent's process id; it may not be ready.

        ``stopped``: it waits for SIGCONT before it does anything.
        """
        self.settings |= settings
        with self.in_its_environment():
            self.places.make()
        whole = Settings(project=self.places.project, name=self.name, **self.settings)
        log = os.open(self.places.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        read_in, write_in = os.pipe()
        self._said, write_out = os.pipe()
        os.write(write_in, json.dumps(whole.to_json()).encode() + b"\n")
        os.close(write_in)
        request = {
            "environment": self.environment,
            "cwd": str(self.places.state),
            "stopped": stopped,
        }
        self.pid = self._nursery.daemon(request, [read_in, write_out, log])
        for descriptor in (read_in, write_out, log):
            os.close(descriptor)
        if stopped:
            assert wait_for(lambda: _state_of(self.pid) == "T", 60)
        return self.pid

    def ready(self) -> dict[str, Any] | None:
        """Wait until the daemon is ready, or has ended: then None, or what it said."""
        said: dict[str, Any] | None = None
        with os.fdopen(self._said) as lines:
            for line in lines:
                said = json.loads(line)
                if "ready" in said:
                    self.started = said["ready"]
                    self.pid = said["ready"]["pid"]
                    return said["ready"]
        return said

    def begin(self, **settings: Any) -> dict[str, Any]:
        """A daemon that is ready."""
        self.launch(**settings)
        said = self.ready()
        assert said is not None, (self.root, self.log())
        assert "error" not in said, (said, self.log())
        return said

    @property
    def is_alive(self) -> bool:
        """True while the daemon's process is there."""
        return self.pid is not None and is_alive(self.pid)

    def find_again(self, seconds: float) -> bool:
        """After its death: True when it has started itself again."""

        def is_back() -> bool:
            self.pid = self.state().get("daemon", {}).get("pid", self.pid)
            return self.is_alive

        return wait_for(is_back, seconds)

    def slay(self) -> None:
        """SIGKILL, at once."""
        if self.pid is not None and self.is_alive:
            os.kill(self.pid, signal.SIGKILL)
        self.until_dead()

    def end(self) -> None:
        """SIGTERM, and a wait for the end."""
        if self.pid is not None and self.is_alive:
            os.kill(self.pid, signal.SIGTERM)
        self.until_dead(30)

    def until_dead(self, seconds: float = 60) -> None:
        """Wait for the daemon's end."""
        eventually(lambda: not self.is_alive, "the daemon to end", seconds=seconds)
        self.pid = None

    def ask(self, command: str, timeout: float = 30, **arguments: Any) -> Any:
        """One request over the control socket."""
        with self.in_its_environment():
            socket_path = self.places.control_socket
        return ask(socket_path, command, arguments, timeout=timeout)

    def state(self) -> dict[str, Any]:
        """The status document; ``{}`` while nobody answers."""
        try:
            found: dict[str, Any] = self.ask("status", timeout=40)
        except RtcdError:
            return {}
        return found

    def process_state(self) -> str:
        """What the kernel says of the daemon's threads, for a report of trouble."""
        said = [f"alive={self.is_alive}"]
        for task in Path(f"/proc/{self.pid}/task").glob("*"):
            with contextlib.suppress(OSError):
                stat = (task / "stat").read_text().rpartition(")")[2].split()[0]
                said.append(f"{task.name}:{stat}:{(task / 'wchan').read_text()}")
        return " ".join(said)

    def at_rest(self) -> bool:
        """True when the daemon says that all is in sync."""
        return self.state().get("state") == "synced"


def is_alive(pid: int) -> bool:
    """True for a process that is no zombie."""
    return _state_of(pid) not in ("Z", "X", "")


def _state_of(pid: int | None) -> str:
    """The kernel's letter for what a process does; empty when there is none."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_for(is_so: Any, seconds: float) -> bool:
    """True as soon as it is so, False when it was not in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
