"""Does the kernel let us watch all folders?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rtcd.places import Places
from rtcd_cli.doctor_checks.check import Check
from rtcd_cli.output import plural

# Each watched folder takes one watch; other programs of the user share the limit.
WATCH_SHARE = 2


def check_watches(places: Places) -> Iterator[Check]:
    """Linux gives each user a number of watches; one folder takes one."""
    limits = Path("/proc/sys/fs/inotify")
    try:
        watches = int((limits / "max_user_watches").read_text())
        instances = int((limits / "max_user_instances").read_text())
    except (OSError, ValueError):
        return
    folders = count_folders(places.project, enough=watches)
    known = f"{plural(folders, 'folder')}, {watches:,} watches, {instances:,} watchers allowed"
    if folders * WATCH_SHARE > watches:
        hint = f"`sudo sysctl fs.inotify.max_user_watches={max(524_288, folders * 4)}` allows more."
        yield Check("watches", "warn", known, hint)
    elif instances < 16:
        hint = "`sudo sysctl fs.inotify.max_user_instances=512` allows more."
        yield Check("watches", "warn", known, hint)
    else:
        yield Check("watches", "ok", known)


def count_folders(project: Path, *, enough: int) -> int:
    """Folders that are not hidden, links not followed; counting ends at ``enough``."""
    count = 0
    for _, folders, _ in os.walk(project):
        folders[:] = [name for name in folders if not name.startswith(".")]
        count += 1
        if count >= enough:
            break
    return count
