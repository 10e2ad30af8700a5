"""``watch``: notices of a folder, from the best watcher there is."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable

from rtcd.disk.folder import Folder
from rtcd.disk.notice import Notice, NoticeKind
from rtcd.project_path import ProjectPath

Ignored = Callable[[ProjectPath, bool], bool]


def tells_reads() -> bool:
    """True when the watcher of this system tells that a file was read, while it is not polling."""
    return sys.platform.startswith("linux")


async def watch(folder: Folder, ignored: Ignored) -> AsyncGenerator[list[Notice], None]:
    """Batches of notices until the caller closes the generator; each is given at once.

    The first batch is a RESCAN: everything that happens after it is told, so whoever compares
    the whole folder when it comes misses nothing. ``ignored(path, is_folder)`` True: the path is
    never mentioned, and such a folder costs no watch.

    When the system has no watches left a DEGRADED notice tells it, and polling goes on.
    """
    if not sys.platform.startswith("linux"):
        async for batch in _watch_by_watchfiles(folder, ignored):
            yield batch
        return
    # Imported here because it does not exist elsewhere.
    from rtcd.disk.sensor_inotify import OutOfWatchesError, watch_by_inotify

    try:
        async for batch in watch_by_inotify(folder, ignored):
            yield batch
    except OutOfWatchesError as error:
        sentence = f"{error}; changes are looked for by polling"
        yield [Notice(None, NoticeKind.DEGRADED, detail=sentence)]
        async for batch in _watch_by_watchfiles(folder, ignored, polling=True):
            yield batch


def _watch_by_watchfiles(
    folder: Folder, ignored: Ignored, *, polling: bool = False
) -> AsyncGenerator[list[Notice], None]:
    # Imported here because hardly anybody needs it on Linux, and everybody would wait for it.
    from rtcd.disk.sensor_watchfiles import watch_by_watchfiles

    return watch_by_watchfiles(folder, ignored, polling=polling)
