"""``Writer``: puts content under a name and looks at what it displaced.

The new file is complete before it takes the name (the name always exists and always holds whole
content), and what came out is compared with what was expected to be there: a save that came
first is handed back, never lost.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rtcd.disk.attributes import copy_attributes
from rtcd.disk.exchange import CannotExchangeError, exchange, move_onto_nothing
from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.folder import Folder, name_taken, refuse_unwritable, vanished
from rtcd.disk.in_place import TornWriteError, is_torn, overwrite
from rtcd.disk.limbo_journal import Entry
from rtcd.disk.os_errors import held, is_absent
from rtcd.disk.raw_io import digest_of, read_all, write_all
from rtcd.disk.whole_seconds import show_change
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath


@dataclass(frozen=True, slots=True)
class Written:
    """``displaced`` is what came out if it was not what was expected: a save to be ingested."""

    stat: FileStat
    displaced: Snapshot | None


@dataclass(slots=True)
class _Temporary:
    """A file on its way to its place, open; ``is_placed`` when it is there."""

    fd: int
    is_placed: bool = False


class Writer:
    """Writes files of one folder; ``limbo`` is a private folder on the same file system."""

    def __init__(
        self,
        folder: Folder,
        limbo: Path,
        *,
        durable: bool = True,
        swaps: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``durable`` False skips fsync; ``swaps`` False takes the way without an exchange.

        ``clock`` gives the same monotonic seconds that ``late_saves`` is asked with.
        """
        self._folder = folder
        self._limbo = folder.use_limbo(limbo)
        self._durable = durable
        self._swaps = swaps
        self._clock = clock

    def write(self, path: ProjectPath, data: bytes, *, expected: Snapshot | None) -> Written:
        """Make ``data`` the content of the file; ``expected`` is what was last read there.

        None expects nothing there: the file and its folders are made. Mode, owner and extended
        attributes of an existing file are kept. A file with several hard links is written in
        place, with a copy kept.

        Raises:
            HeldError: nothing was changed. ``disk-full``, ``read-only``, ``no-permission``,
                ``symlink``, ``type-changed``, ``name-collision`` (something new has the name),
                ``vanished`` (nothing has it any more; its editor may be in the middle of a save).
        """
        if expected is None and path.parent is not None:
            self._folder.make_folder(path.parent)
        try:
            with self._folder.open_folder(path.parent) as parent:
                if expected is None:
                    return self._create(parent, path, data)
                return self._replace(parent, path, data, expected)
        except FileExistsError as error:
            raise name_taken(path) from error
        except OSError as error:
            raise vanished(path) if is_absent(error) else held(error, path, "write") from error
        except TornWriteError as error:
            raise HeldError(
                f"the disk failed while {path} was written",
                hint="Both contents are in .rtcd/limbo; it is mended when rtcd starts again.",
                code="write-error",
            ) from error

    def late_saves(self, now: float) -> list[Snapshot]:
        """Saves that editors finished on files after those were swapped out."""
        return self._limbo.late_saves(now)

    def next_look(self) -> float | None:
        """When ``late_saves`` should be called next, by ``clock``; None: nothing waits."""
        return self._limbo.next_look()

    def recover(self) -> list[Snapshot]:
        """Saves left behind in limbo by a crash, to be ingested; own temporaries are removed.

        Raises:
            HeldError: limbo cannot be read; the next call may do it.
        """
        try:
            for path, old, new in self._limbo.cut_off_in_place():
                self._mend(path, old, new)
            return self._limbo.recover(self._clock())
        except OSError as error:
            raise held(error, self._limbo.folder, "read") from error

    def made_from(self, save: Snapshot) -> str | None:
        """The digest of what was on disk before a save from ``recover``; None when nobody knows."""
        return self._limbo.made_from.get((save.path, save.digest))

    def let_go(self, save: Snapshot) -> None:
        """A save from ``recover`` is safe elsewhere, so no later ``recover`` gives it again."""
        self._limbo.let_go(save, self._clock())

    def _create(self, parent: int, path: ProjectPath, data: bytes) -> Written:
        name = self._limbo.new_name(Entry(path, frozenset({digest_of(data)})))
        with self._temporary(name, data, like=None) as temporary:
            whole = FileStat.of(os.fstat(temporary.fd))
            move_onto_nothing(self._limbo.fd, name, parent, path.name)
            temporary.is_placed = True
            return Written(_stat_of(temporary.fd, whole), None)

    def _replace(self, parent: int, path: ProjectPath, data: bytes, expected: Snapshot) -> Written:
        now_there = FileStat.of(os.stat(path.name, dir_fd=parent, follow_symlinks=False))
        refuse_unwritable(path, now_there)
        if data == expected.data:
            return Written(now_there, None)
        if now_there.nlink > 1:
            return self._write_in_place(parent, path, data, expected)
        around = frozenset({digest_of(data), expected.digest})
        name = self._limbo.new_name(Entry(path, around, before=expected.digest))
        like = (parent, path.name, now_there.mtime_ns)
        with self._temporary(name, data, like=like) as temporary:
            whole = FileStat.of(os.fstat(temporary.fd))
            swapped = self._swap(parent, path, name, expected)
            temporary.is_placed = True
            try:
                found = self._limbo.snapshot(swapped, path, expected)
                stat = _stat_of(temporary.fd, whole)
            except OSError:
                # What came out may be a save, and cannot be read now: ``late_saves`` will.
                size, now = expected.stat.size, self._clock()
                self._limbo.keep(swapped, path, known=expected.digest, known_size=size, now=now)
                return Written(_stat_of(temporary.fd, whole), None)
            if found is None:
                self._swap_back(parent, path, swapped, data)
                raise vanished(path)
            return Written(stat, self._judge(swapped, found, data, expected))

    @contextlib.contextmanager
    def _temporary(
        self, name: str, data: bytes, *, like: tuple[int, str, int] | None
    ) -> Iterator[_Temporary]:
        """A complete file in limbo, open; removed when it does not get to its place.

        ``like`` is the file it replaces: folder, name, and time in nanoseconds.
        """
        with self._limbo.new_file(name, 0o666 if like is None else 0o600) as fd:
            write_all(fd, data)
            if like is not None:
                # Before the owner is copied: then the time may be no longer ours to set.
                show_change(fd, like[2])
                copy_attributes(fd, *like[:2])
            if self._durable:
                os.fsync(fd)
        temporary = _Temporary(fd)
        try:
            yield temporary
        except OSError:
            # After a swap the name in limbo is that of somebody's file.
            if not temporary.is_placed:
                self._limbo.drop(name)
            raise
        finally:
            os.close(fd)

    def _swap(self, parent: int, path: ProjectPath, name: str, expected: Snapshot) -> str:
        """Put the file in; the name in limbo of what came out."""
        if self._swaps:
            with contextlib.suppress(CannotExchangeError):
                exchange(self._limbo.fd, name, parent, path.name)
                return name
        return self._rename_over(parent, path, name, expected)

    def _rename_over(self, parent: int, path: ProjectPath, name: str, expected: Snapshot) -> str:
        """Without an exchange: a second name keeps the old file reachable, then rename.

        A whole save that lands between the two calls is lost; only an exchange closes that gap.
        """
        kept = self._limbo.new_name(Entry(path, frozenset({expected.digest})))
        try:
            os.link(
                path.name, kept, src_dir_fd=parent, dst_dir_fd=self._limbo.fd, follow_symlinks=False
            )
        except FileNotFoundError:
            raise
        except OSError:
            self._copy_aside(parent, path, kept)
        try:
            os.rename(name, path.name, src_dir_fd=self._limbo.fd, dst_dir_fd=parent)
        except OSError:
            self._limbo.drop(kept)
            raise
        return kept

    def _copy_aside(self, parent: int, path: ProjectPath, kept: str) -> None:
        fd = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
        try:
            self._limbo.store(kept, read_all(fd))
        finally:
            os.close(fd)

    def _judge(
        self, name: str, found: Snapshot, data: bytes, expected: Snapshot
    ) -> Snapshot | None:
        """What came out: the expected content, half a save (``late_saves`` tells), or a save."""
        now = self._clock()
        if found.data in (data, expected.data) or self._is_half_a_save(name, found):
            size = expected.stat.size
            known = found.digest if found.data == data else expected.digest
            self._limbo.keep(name, found.path, known=known, known_size=size, now=now)
            return None
        self._limbo.keep_surprise(name, found, now=now)
        return found

    def _is_half_a_save(self, name: str, found: Snapshot) -> bool:
        """True for an in-place writer caught in the middle; it goes on in the swapped-out file.

        Where it cannot be told whether somebody writes, a moment's quiet has to tell.
        """
        return not found.data or self._limbo.somebody_writes(name) is not False

    def _swap_back(self, parent: int, path: ProjectPath, name: str, data: bytes) -> None:
        """A link or folder took the name in the last moment: undo, and touch nothing of it.

        Raises:
            HeldError: why it is held.
        """
        try:
            exchange(self._limbo.fd, name, parent, path.name)
        except CannotExchangeError:
            os.rename(name, path.name, src_dir_fd=self._limbo.fd, dst_dir_fd=parent)
        # Not simply dropped: a save may have come between the two swaps.
        self._limbo.keep(name, path, known=digest_of(data), known_size=0, now=self._clock())
        stat = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
        refuse_unwritable(path, FileStat.of(stat))

    def _write_in_place(
        self, parent: int, path: ProjectPath, data: bytes, expected: Snapshot
    ) -> Written:
        """Overwrite the bytes under all names of the file; the old ones wait in limbo."""
        before = self._folder.read(path, max_bytes=sys.maxsize)
        if before is None:
            raise vanished(path)
        with self._kept_for_repair(path, before, data) as kept:
            fd = os.open(path.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
            try:
                overwrite(fd, before.data, data)
                with contextlib.suppress(PermissionError):
                    show_change(fd, before.stat.mtime_ns)
                if self._durable:
                    os.fsync(fd)
                stat = FileStat.of(os.fstat(fd))
            finally:
                os.close(fd)
        return Written(stat, self._judge(kept, before, data, expected))

    @contextlib.contextmanager
    def _kept_for_repair(self, path: ProjectPath, before: Snapshot, data: bytes) -> Iterator[str]:
        """Both contents in limbo while the file is a mix of them, for ``recover``."""
        known = frozenset({digest_of(data), before.digest})
        new = self._limbo.new_name(Entry(path, known))
        old = self._limbo.new_name(Entry(path, known, new))
        try:
            self._limbo.store(old, before.data)
            self._limbo.store(new, data)
            yield old
        except OSError:
            self._limbo.drop(old)
            self._limbo.drop(new)
            raise
        self._limbo.drop(new)

    def _mend(self, path: ProjectPath, old: bytes, new: bytes) -> None:
        """Finish a write in place that a crash cut off; any other content is left alone."""
        with contextlib.suppress(HeldError, OSError, TornWriteError):
            found = self._folder.read(path, max_bytes=sys.maxsize)
            if found is None or not is_torn(found.data, old, new):
                return
            with self._folder.open_folder(path.parent) as parent:
                fd = os.open(path.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
            try:
                overwrite(fd, found.data, new)
                os.fsync(fd)
            finally:
                os.close(fd)


def _stat_of(fd: int, whole: FileStat) -> FileStat:
    """What the file that was put in its place looks like, with the bytes that were put there.

    Args:
        fd: the file.
        whole: what it looked like before it had its name. Somebody may have saved into it since:
            then that is the answer, and the next look finds another file.
    """
    now = FileStat.of(os.fstat(fd))
    is_untouched = (now.size, now.mtime_ns) == (whole.size, whole.mtime_ns)
    return now if is_untouched else whole
