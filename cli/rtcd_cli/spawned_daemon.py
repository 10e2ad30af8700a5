"""A daemon's process that was started and waits for its settings.

It loads meanwhile, which takes it some tenths of a second. That is why this file imports next to
nothing: ``main.py`` spawns before it imports the rest of the command line.

The process hears its settings on standard input, because they hold the token, and an argument list
or an environment can be read by others. It opens the log by itself when it knows of which folder.
Whoever closes its standard input without a word lets it end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

# -P keeps the current folder off the import path: a `json.py` in somebody's project must not run.
# faulthandler puts a trace into the log even where a native library takes the process down.
DAEMON_COMMAND = (sys.executable, "-P", "-X", "faulthandler", "-m", "rtcd.daemon")
BACKGROUND = "--background"
STARTING = frozenset(("start", "join"))
NOT_STARTING = frozenset(("-h", "--help", "--foreground"))


def wants_daemon(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether this call of ``rtcd`` most likely begins a daemon in the background."""
    if "_RTCD_COMPLETE" in environment or not NOT_STARTING.isdisjoint(arguments):
        return False
    command = arguments[2:3] if arguments[:1] == ["-C"] else arguments[:1]
    return not STARTING.isdisjoint(command)


class SpawnedDaemon:
    """A process of the daemon, told nothing yet; it outlives us, once it was told.

    Leaving the ``with`` block lets it end if it was told nothing.
    """

    def __init__(self, command: Iterable[str]) -> None:
        self.process = subprocess.Popen(
            [*command, BACKGROUND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Not the user's folder: what is in it is not ours to import, nor to keep in use.
            cwd=os.path.abspath(os.sep),
            env=clean_environment(os.environ),
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """It is not wanted after all, or was told everything; may be called again."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        if not stdin.closed:
            stdin.close()
            self.process.terminate()
            self.process.wait()
        stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss()


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Ours without the token, which the daemon and all its children would carry around."""
    return {name: value for name, value in environment.items() if name != "RTCD_TOKEN"}
