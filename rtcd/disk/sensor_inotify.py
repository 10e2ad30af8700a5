"""The Linux watcher: inotify by asyncinotify. Tells finished saves, moves, reads and overflow.

Every folder is watched through its own descriptor (``/proc/self/fd``), opened below the project
folder, so that a name that turns into a link leads nowhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import AsyncGenerator, Callable, Iterable

from asyncinotify import Event, Inotify, Mask, Watch

from rtcd.disk.folder import Folder
from rtcd.disk.notice import Notice, NoticeKind
from rtcd.disk.scan import children
from rtcd.errors import HeldError, PathRefusedError
from rtcd.project_path import ProjectPath

MOST_EVENTS_A_BATCH = 2000
_EVENTS_A_READ = 256

_WATCHED = (
    Mask.MODIFY
    | Mask.CLOSE_WRITE
    | Mask.CREATE
    | Mask.DELETE
    | Mask.MOVED_FROM
    | Mask.MOVED_TO
    | Mask.ATTRIB
    | Mask.ACCESS
    | Mask.ONLYDIR
)
_WATCHED_ROOT = _WATCHED | Mask.DELETE_SELF | Mask.MOVE_SELF
_HALF_MOVES_KEPT = 64

# The bits as plain numbers: testing enum flags costs more than all else here.
_CREATE, _DELETE = int(Mask.CREATE), int(Mask.DELETE)
_MOVED_FROM, _MOVED_TO = int(Mask.MOVED_FROM), int(Mask.MOVED_TO)
_ISDIR, _OVERFLOW, _IGNORED = int(Mask.ISDIR), int(Mask.Q_OVERFLOW), int(Mask.IGNORED)
_ROOT_ENDED = int(Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.UNMOUNT)
_ABOUT_FILES = (
    (int(Mask.CREATE | Mask.MODIFY), NoticeKind.CHANGED),
    (int(Mask.CLOSE_WRITE), NoticeKind.CLOSED),
    (_DELETE, NoticeKind.GONE),
    (int(Mask.ATTRIB), NoticeKind.TOUCHED),
    (int(Mask.ACCESS), NoticeKind.READ),
)


class OutOfWatchesError(Exception):
    """The user's limit of inotify watches or instances is reached."""


async def watch_by_inotify(
    folder: Folder, ignored: Callable[[ProjectPath, bool], bool]
) -> AsyncGenerator[list[Notice], None]:
    """Batches of notices, each as soon as the kernel has it. The first one is a RESCAN.

    After a queue overflow everything is watched anew and a RESCAN told: folders may have come and
    gone unseen.

    Raises:
        OutOfWatchesError: not all folders can be watched.
    """
    while True:
        with _Watching(folder, ignored) as watching:
            yield [Notice(None, NoticeKind.RESCAN), *watching.watch_everything()]
            while not watching.lost_track:
                batch = watching.notices_of(await watching.next_events())
                if batch:
                    yield batch


class _Watching:
    """One inotify instance and the folders it watches."""

    def __init__(self, folder: Folder, ignored: Callable[[ProjectPath, bool], bool]) -> None:
        self.lost_track = False
        self._folder = folder
        self._ignored = ignored
        self._inotify = _new_inotify()
        self._folders: dict[int, ProjectPath | None] = {}
        self._watches: dict[ProjectPath, Watch] = {}
        self._half_moves: dict[int, ProjectPath] = {}
        self._unnameable: set[tuple[ProjectPath | None, str]] = set()

    def __enter__(self) -> _Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self._inotify.close()

    def watch_everything(self) -> list[Notice]:
        """Watch all folders; the notices tell of names that cannot be shared."""
        notices = self._watch_from(None)
        return [notice for notice in notices if notice.what is NoticeKind.UNNAMEABLE]

    async def next_events(self) -> list[Event]:
        """Wait for events, and take all that are there."""
        events = [await self._inotify.get()]
        while len(events) < MOST_EVENTS_A_BATCH:
            event = self._inotify.sync_get()
            if event is None:
                break
            events.append(event)
        return events

    def notices_of(self, events: Iterable[Event]) -> list[Notice]:
        """What the events mean, in order; the same about a path twice running is told once."""
        notices: list[Notice] = []
        newest: dict[ProjectPath | None, Notice] = {}
        for event in events:
            for notice in self._meaning(event):
                before = newest.get(notice.path)
                if before != notice and not self._is_half_a_swap(before, notice):
                    newest[notice.path] = notice
                    notices.append(notice)
        return notices

    def _is_half_a_swap(self, before: Notice | None, notice: Notice) -> bool:
        """True for the "moved away" of an exchange, which comes after "moved here".

        Leaving it out is safe while something has the name: what put it there is told as well.
        """
        if before is None or before.what is not NoticeKind.CLOSED or notice.path is None:
            return False
        if notice.what is not NoticeKind.GONE:
            return False
        with contextlib.suppress(HeldError):
            return self._folder.stat(notice.path) is not None
        return False

    def _meaning(self, event: Event) -> list[Notice]:
        mask = int(event.mask)
        if mask & _OVERFLOW:
            self.lost_track = True
            return []
        watch = event.watch
        if watch is None or watch.wd not in self._folders:
            return []
        if mask & _IGNORED:
            self._forget(watch.wd)
            return []
        here = self._folders[watch.wd]
        if event.name is None:
            return self._of_the_folder_itself(here, mask)
        name = str(event.name)
        try:
            path = ProjectPath.parse(name if here is None else f"{here}/{name}")
        except PathRefusedError:
            return self._of_an_unnameable(here, name)
        if mask & _ISDIR:
            return self._of_a_folder(path, mask, event.cookie)
        return self._of_a_file(path, mask, event.cookie)

    def _forget(self, wd: int) -> None:
        path = self._folders.pop(wd)
        if path is not None:
            self._watches.pop(path, None)

    def _of_the_folder_itself(self, here: ProjectPath | None, mask: int) -> list[Notice]:
        if here is None and mask & _ROOT_ENDED:
            return [Notice(None, NoticeKind.ROOT_GONE)]
        return []

    def _of_an_unnameable(self, here: ProjectPath | None, name: str) -> list[Notice]:
        if (here, name) in self._unnameable:
            return []
        self._unnameable.add((here, name))
        shown = os.fsencode(name).decode("utf-8", errors="backslashreplace")
        sentence = f"the name {shown} is not valid UTF-8"
        return [Notice(here, NoticeKind.UNNAMEABLE, detail=sentence)]

    def _of_a_file(self, path: ProjectPath, mask: int, cookie: int) -> list[Notice]:
        hidden = self._ignored(path, False)
        if mask & _MOVED_FROM:
            if hidden:
                return []
            self._remember_half_move(cookie, path)
            return [Notice(path, NoticeKind.GONE)]
        if mask & _MOVED_TO:
            moved_from = self._half_moves.pop(cookie, None)
            return [] if hidden else [Notice(path, NoticeKind.CLOSED, moved_from)]
        if hidden:
            return []
        for bits, kind in _ABOUT_FILES:
            if mask & bits:
                if kind is NoticeKind.READ and self._folder.was_own_read(path):
                    return []
                return [Notice(path, kind)]
        return []

    def _of_a_folder(self, path: ProjectPath, mask: int, cookie: int) -> list[Notice]:
        if not mask & (_CREATE | _DELETE | _MOVED_FROM | _MOVED_TO) or self._ignored(path, True):
            return []
        if mask & (_DELETE | _MOVED_FROM):
            self._stop_watching(path)
            if mask & _MOVED_FROM:
                self._remember_half_move(cookie, path)
            return [Notice(path, NoticeKind.GONE)]
        moved_from = self._half_moves.pop(cookie, None) if mask & _MOVED_TO else None
        # Whatever had this name before is watched under it no longer.
        self._stop_watching(path)
        return [_renamed(notice, path, moved_from) for notice in self._watch_from(path)]

    def _remember_half_move(self, cookie: int, path: ProjectPath) -> None:
        self._half_moves[cookie] = path
        while len(self._half_moves) > _HALF_MOVES_KEPT:
            del self._half_moves[next(iter(self._half_moves))]

    def _stop_watching(self, folder: ProjectPath) -> None:
        """Drop the watches of a folder that moved away, or of all that is under its name."""
        if folder not in self._watches:
            return
        for path in [p for p in self._watches if p == folder or p.is_below(folder)]:
            watch = self._watches.pop(path)
            self._folders.pop(watch.wd, None)
            # The kernel may have dropped it already, with the folder.
            with contextlib.suppress(OSError):
                self._inotify.rm_watch(watch)

    def _watch_from(self, start: ProjectPath | None) -> list[Notice]:
        """Watch a folder and those in it, then mention what is there: first watch, then look."""
        notices = []
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if not self._watch_one(here):
                continue
            if here is not None:
                notices.append(Notice(here, NoticeKind.FOLDER_APPEARED))
            for path, is_folder in self._named_in(here, notices):
                if is_folder:
                    waiting.append(path)
                else:
                    notices.append(Notice(path, NoticeKind.MENTIONED))
        return notices

    def _named_in(
        self, here: ProjectPath | None, notices: list[Notice]
    ) -> list[tuple[ProjectPath, bool]]:
        """Files and folders (True) in a folder; ``notices`` hears of names that cannot be told."""

        def refused(where: ProjectPath | None, name: str) -> None:
            notices.extend(self._of_an_unnameable(where, name))

        found = [(p, stat.kind == "folder") for p, stat in children(self._folder, here, refused)]
        return [(p, is_folder) for p, is_folder in found if not self._ignored(p, is_folder)]

    def _watch_one(self, path: ProjectPath | None) -> bool:
        """Watch one folder; False when it is not there any more, or no folder of ours."""
        mask = _WATCHED_ROOT if path is None else _WATCHED
        try:
            with self._folder.open_folder(path) as fd:
                watch = self._inotify.add_watch(f"/proc/self/fd/{fd}", mask)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                raise OutOfWatchesError("the system has no inotify watches left") from error
            return False
        self._folders[watch.wd] = path
        if path is not None:
            self._watches[path] = watch
        return True


def _new_inotify() -> Inotify:
    try:
        return Inotify(cache_size=_EVENTS_A_READ, sync_timeout=0)
    except OSError as error:
        raise OutOfWatchesError("the system has no inotify instances left") from error


def _renamed(notice: Notice, new: ProjectPath, old: ProjectPath | None) -> Notice:
    """Add to a notice from inside a moved folder where its file was before."""
    if old is None or notice.path is None or notice.what is NoticeKind.UNNAMEABLE:
        return notice
    before = ProjectPath(old.value + notice.path.value[len(new.value) :])
    return Notice(notice.path, notice.what, before, notice.detail)
