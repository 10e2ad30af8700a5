"""``Terminal``: a program in tmux, for editors that need one."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class Terminal:
    """One program on a screen of its own, 100 by 30; keys go in, the screen can be read."""

    def __init__(self, home: Path, command: Sequence[str], cwd: Path) -> None:
        self._socket = f"rtcd-{secrets.token_hex(4)}"
        # The default configuration of every editor: none of the user's, and a plain shell.
        kept = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
        self._environment = kept | {"TERM": "xterm-256color", "SHELL": "/bin/sh"}
        self._tmux(
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "30",
            "-c",
            str(cwd),
            *command,
        )
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    @property
    def screen(self) -> str:
        """What the screen shows now."""
        return self._tmux("capture-pane", "-p")

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names: ``C-x``, ``Escape``, ``Enter``, ``y``."""
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._tmux("send-keys", "-l", text)

    def shows(self, *texts: str, seconds: float = 45) -> str:
        """Wait until one of the texts is on the screen; which one."""
        found: list[str] = []

        def is_there() -> bool:
            found[:] = [text for text in texts if text in self.screen]
            return bool(found)

        self.wait_for(is_there, f"{texts} on the screen", seconds)
        return found[0]

    def wait_for(self, is_so: Callable[[], bool], what: str, seconds: float = 45) -> None:
        """Wait for a condition; a failure shows the screen."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, f"waited for {what}:\n{self.screen}"
            time.sleep(0.02)

    def close(self) -> None:
        """End the program and its terminal."""
        subprocess.run(
            ["tmux", "-L", self._socket, "kill-server"],
            env=self._environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
