"""The entry point of the script ``rtcd``.

Both the daemon and the command line take some tenths of a second to load. So where a daemon will
be wanted its process begins first, and loads beside us.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from rtcd_cli.spawned_daemon import DAEMON_COMMAND, SpawnedDaemon, wants_daemon


def main() -> NoReturn:
    """Carry out the call of ``rtcd`` that the process was started with, and exit."""
    arguments = sys.argv[1:]
    ahead = SpawnedDaemon(DAEMON_COMMAND) if wants_daemon(arguments, os.environ) else None
    from rtcd.light_imports import leave_out_extras
    from rtcd_cli.commands import run

    leave_out_extras()
    sys.exit(run(arguments, ahead=ahead))
