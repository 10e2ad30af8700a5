"""The portable watcher. It drops some events silently and cannot tell a finished save.

So every change is only MENTIONED, and it asks for a RESCAN whenever it had to be restarted.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import watchfiles
from watchfiles._rust_notify import WatchfilesRustInternalError

from rtcd.disk.folder import Folder
from rtcd.disk.notice import Notice, NoticeKind
from rtcd.disk.scan import walk_all
from rtcd.errors import PathRefusedError
from rtcd.project_path import ProjectPath

STEP_MS = 10
POLL_MS = 300
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0

_log = logging.getLogger(__name__)


async def watch_by_watchfiles(
    folder: Folder,
    ignored: Callable[[ProjectPath, bool], bool],
    *,
    polling: bool = False,
) -> AsyncGenerator[list[Notice], None]:
    """Batches of notices; restarted with a growing pause when the library gives up."""
    pause = FIRST_PAUSE_S
    while True:
        yield [Notice(None, NoticeKind.RESCAN)]
        try:
            async for batch in _one_run(folder, ignored, polling=polling):
                pause = FIRST_PAUSE_S
                yield batch
        except WatchfilesRustInternalError as error:
            # One name that is not UTF-8 ends it; everything since then is unseen.
            _log.warning("the file watcher had to be restarted: %s", error)
            yield [Notice(None, NoticeKind.UNNAMEABLE, detail=str(error))]
        except FileNotFoundError:
            yield [Notice(None, NoticeKind.ROOT_GONE)]
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


async def _one_run(
    folder: Folder, ignored: Callable[[ProjectPath, bool], bool], *, polling: bool
) -> AsyncGenerator[list[Notice], None]:
    changes = watchfiles.awatch(
        folder.root,
        watch_filter=None,
        step=STEP_MS,
        force_polling=polling or None,
        poll_delay_ms=POLL_MS,
        ignore_permission_denied=True,
    )
    try:
        async for batch in changes:
            notices = [n for change in batch for n in _notices(folder, ignored, *change)]
            if notices:
                yield notices
    except BaseExceptionGroup as group:
        inner = group.subgroup(WatchfilesRustInternalError)
        if inner is None:
            raise
        raise _first(inner) from group
    finally:
        await changes.aclose()


def _first(group: BaseExceptionGroup[WatchfilesRustInternalError]) -> WatchfilesRustInternalError:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, WatchfilesRustInternalError)
    return found


def _notices(
    folder: Folder,
    ignored: Callable[[ProjectPath, bool], bool],
    change: watchfiles.Change,
    where: str,
) -> list[Notice]:
    """What one change of the library means; a folder stands for everything in it."""
    if Path(where) == folder.root:
        gone = change is watchfiles.Change.deleted
        return [Notice(None, NoticeKind.ROOT_GONE)] if gone else []
    try:
        path = ProjectPath.parse(os.path.relpath(where, folder.root).replace(os.sep, "/"))
    except PathRefusedError as error:
        return [Notice(None, NoticeKind.UNNAMEABLE, detail=error.message)]
    if not os.path.isdir(where) or os.path.islink(where):
        if ignored(path, False):
            return []
        kind = NoticeKind.MENTIONED
        if change is watchfiles.Change.deleted and not os.path.lexists(where):
            kind = NoticeKind.GONE
        return [Notice(path, kind)]
    if ignored(path, True) or change is not watchfiles.Change.added:
        return []
    return [Notice(path, NoticeKind.FOLDER_APPEARED), *_files_below(folder, ignored, path)]


def _files_below(
    folder: Folder, ignored: Callable[[ProjectPath, bool], bool], path: ProjectPath
) -> list[Notice]:
    return [
        Notice(found, NoticeKind.MENTIONED)
        for found, stat in walk_all(folder, ignored, start=path)
        if stat.kind != "folder"
    ]
