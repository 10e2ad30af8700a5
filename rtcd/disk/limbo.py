"""The hidden folder next to the project's files where files wait while they are swapped.

What was swapped out stays here for a grace time, since an editor may still hold it open and
finish its save there. Nothing leaves before that, and a journal says after a crash what is whose.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rtcd.disk import limbo_journal
from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.lease import somebody_writes
from rtcd.disk.limbo_journal import Entry, Journal
from rtcd.disk.raw_io import digest_of, read_all, write_all
from rtcd.places import make_private_folder
from rtcd.project_path import ProjectPath

GRACE_S = 2.0
QUIET_S = 0.05
REFILL_S = 1.0
KEEP_SURPRISE_S = 60.0
SLOWEST_LOOK_S = 1.0

_UNFINISHED = "unfinished-"
_NO_PATH = ProjectPath("unknown")
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(slots=True)
class _Waiting:
    """One swapped-out file: what it is believed to hold, and when to look again."""

    path: ProjectPath
    known: str
    known_size: int
    stat: FileStat | None
    release_at: float
    look_at: float
    changed_at: float | None
    looks: int = 0


class Limbo:
    """The folder ``.rtcd/limbo``, by descriptor. Times are seconds of one monotonic clock.

    ``made_from``: what was on disk before the saves that ``recover`` gave, by path and digest.
    """

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self.folder = folder
        self.fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._journal = Journal(self.fd)
        self._numbers = itertools.count()
        self._run = secrets.token_hex(4)
        self._waiting: dict[str, _Waiting] = {}
        self.made_from: dict[tuple[ProjectPath, str], str | None] = {}

    def close(self) -> None:
        """Close the descriptors; files that still wait are looked at by the next ``recover``."""
        self._journal.close()
        os.close(self.fd)

    def new_name(self, entry: Entry) -> str:
        """A name that nobody has, written down with whose it is before anything is swapped."""
        name = f"{self._run}-{next(self._numbers)}"
        self._journal.append(name, entry)
        return name

    @contextlib.contextmanager
    def new_file(self, name: str, mode: int) -> Iterator[int]:
        """A file to be filled in the block; it has the name when the block ends without error.

        The descriptor stays open until ``close_file``; on an error nothing is left.
        """
        fd = os.open(_UNFINISHED + name, _NEW_FILE, mode, dir_fd=self.fd)
        try:
            yield fd
            os.rename(_UNFINISHED + name, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        except OSError:
            os.close(fd)
            self.drop(_UNFINISHED + name)
            raise

    def store(self, name: str, data: bytes) -> None:
        """A private, fsynced copy of bytes."""
        with self.new_file(name, 0o600) as fd:
            write_all(fd, data)
            os.fsync(fd)
        os.close(fd)

    def keep(
        self, name: str, path: ProjectPath, *, known: str, known_size: int, now: float
    ) -> None:
        """Let a swapped-out file that is believed to hold ``known`` wait for late writers."""
        stat = None
        with contextlib.suppress(OSError):
            stat = self._stat(name)
        self._waiting[name] = _Waiting(
            path=path,
            known=known,
            known_size=known_size,
            stat=stat,
            release_at=now + GRACE_S,
            look_at=now + QUIET_S,
            changed_at=None,
        )

    def keep_surprise(self, name: str, found: Snapshot, *, now: float) -> None:
        """Keep somebody's save until it is surely safe elsewhere, and for late writers as well."""
        self.keep(name, found.path, known=found.digest, known_size=found.stat.size, now=now)
        self._waiting[name].release_at = now + KEEP_SURPRISE_S

    def drop(self, name: str) -> None:
        """Remove a file that holds nothing of value; what cannot be removed now, ``recover`` does."""
        self._waiting.pop(name, None)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self.fd)

    def next_look(self) -> float | None:
        """When ``late_saves`` should be called next."""
        # A copy first: other threads swap files meanwhile.
        return min((waiting.look_at for waiting in list(self._waiting.values())), default=None)

    def somebody_writes(self, name: str) -> bool | None:
        """True while a program has the file open for writing; None when that cannot be told."""
        return somebody_writes(self.fd, name)

    def late_saves(self, now: float) -> list[Snapshot]:
        """Saves that were finished on files after they had been swapped out."""
        waiting = list(self._waiting.items())
        due = [(name, entry) for name, entry in waiting if entry.look_at <= now]
        found = [self._look_or_wait(name, entry, now) for name, entry in due]
        if due and not self._waiting:
            self._shorten_journal()
        return [snapshot for snapshot in found if snapshot is not None]

    def _look_or_wait(self, name: str, waiting: _Waiting, now: float) -> Snapshot | None:
        """What cannot be read now may be somebody's save: it stays, and is looked at again."""
        looks = waiting.looks
        try:
            return self._look(name, waiting, now)
        except OSError:
            waiting.looks = looks
            waiting.look_at = now + SLOWEST_LOOK_S
            return None

    def _look(self, name: str, waiting: _Waiting, now: float) -> Snapshot | None:
        stat = self._stat(name)
        if stat is None:
            del self._waiting[name]
            return None
        writes = self.somebody_writes(name)
        waiting.looks += 1
        is_over = now >= waiting.release_at and not writes
        # The bytes count at the first and the last look: clocks can be too coarse for a change.
        is_due = waiting.looks == 1 or (is_over and waiting.changed_at is None)
        if _differs(stat, waiting.stat) or (is_due and self._differs(name, waiting)):
            waiting.stat, waiting.changed_at, waiting.looks = stat, now, 1
        late = None
        if waiting.changed_at is not None:
            late = self._late_save(name, waiting, writes, now)
        elif is_over:
            self.drop(name)
            return None
        pause = min(SLOWEST_LOOK_S, QUIET_S * 2 ** min(waiting.looks - 1, 5))
        waiting.look_at = now + (QUIET_S if waiting.changed_at is not None else pause)
        return late

    def _differs(self, name: str, waiting: _Waiting) -> bool:
        found = self.snapshot(name, waiting.path)
        return found is not None and found.digest != waiting.known

    def _late_save(
        self, name: str, waiting: _Waiting, writes: bool | None, now: float
    ) -> Snapshot | None:
        """The content once its writer is done with it; None while that is open."""
        assert waiting.changed_at is not None
        quiet = now - waiting.changed_at
        if writes or (writes is None and quiet < QUIET_S):
            return None
        found = self.snapshot(name, waiting.path)
        if found is None or found.digest == waiting.known:
            waiting.changed_at = None
            return None
        # Without a lease a pause may be all there is between emptying and writing.
        shorter = found.stat.size < waiting.known_size
        if writes is None and shorter and quiet < REFILL_S:
            return None
        waiting.changed_at = None
        waiting.known, waiting.known_size = found.digest, found.stat.size
        if found.stat.size == 0:
            # Emptied and left: its writer went on under the name in the project.
            return None
        waiting.release_at = max(waiting.release_at, now + KEEP_SURPRISE_S)
        return found

    def snapshot(
        self, name: str, path: ProjectPath, likely: Snapshot | None = None
    ) -> Snapshot | None:
        """Read a file in limbo under the path that it had; None if it is not a plain file.

        Comparing with the ``likely`` content is cheaper than its digest.

        Raises:
            OSError: it cannot be read now; nobody knows what is in it.
        """
        there = self._stat(name)
        if there is None or there.kind != "file":
            return None
        try:
            fd = os.open(name, _READ, dir_fd=self.fd)
        except FileNotFoundError:
            return None
        try:
            stat = FileStat.of(os.fstat(fd))
            if stat.kind != "file":
                return None
            data = read_all(fd)
            stat = FileStat.of(os.fstat(fd))
        finally:
            os.close(fd)
        digest = likely.digest if likely and likely.data == data else digest_of(data)
        return Snapshot(path=path, stat=stat, data=data, digest=digest)

    def cut_off_in_place(self) -> list[tuple[ProjectPath, bytes, bytes]]:
        """Writes in place that a crash may have cut off: path, old bytes, new bytes."""
        found = []
        for name, entry in self._journal.entries().items():
            if entry.new is None:
                continue
            with contextlib.suppress(OSError):
                old, new = self.snapshot(name, entry.path), self.snapshot(entry.new, entry.path)
                if old and new and {old.digest, new.digest} <= entry.known:
                    found.append((entry.path, old.data, new.data))
        return found

    def recover(self, now: float) -> list[Snapshot]:
        """After a crash: what editors had saved into files that are still here.

        Our own temporaries and contents that were known are removed. A surprise waits a minute
        more, so that it is here again should the caller die before it is safe elsewhere.
        """
        entries = self._journal.entries()
        surprises = []
        for name in sorted(set(os.listdir(self.fd)) - {limbo_journal.NAME} - set(self._waiting)):
            entry = entries.get(name)
            try:
                found = self.snapshot(name, entry.path if entry else _NO_PATH)
            except OSError:
                continue  # it stays for the next start
            if found is None:
                continue
            if _is_known(name, found, entry):
                self._leave_to_its_writer(name, found, now)
            elif entry is None:
                self._put_aside(name)
            else:
                self.keep_surprise(name, found, now=now)
                self.made_from[found.path, found.digest] = entry.before
                surprises.append(found)
        return surprises

    def let_go(self, save: Snapshot, now: float) -> None:
        """A surprise is safe elsewhere: nobody needs to be surprised by it again."""
        for name, waiting in list(self._waiting.items()):
            if waiting.path == save.path and waiting.known == save.digest:
                self._leave_to_its_writer(name, save, now)

    def _leave_to_its_writer(self, name: str, found: Snapshot, now: float) -> None:
        """Remove what is known, unless an editor is still at it."""
        if name.startswith(_UNFINISHED) or not self.somebody_writes(name):
            self.drop(name)
        else:
            size = found.stat.size
            self.keep(name, found.path, known=found.digest, known_size=size, now=now)

    def _put_aside(self, name: str) -> None:
        """What nobody can place goes where people look for copies."""
        recovery = self.folder.parent / "recovery"
        make_private_folder(recovery)
        os.rename(name, recovery / f"limbo-{name}", src_dir_fd=self.fd)

    def _stat(self, name: str) -> FileStat | None:
        try:
            return FileStat.of(os.stat(name, dir_fd=self.fd, follow_symlinks=False))
        except FileNotFoundError:
            return None

    def _shorten_journal(self) -> None:
        with contextlib.suppress(OSError):
            if self._journal.is_long() and os.listdir(self.fd) == [limbo_journal.NAME]:
                self._journal.clear()


def _is_known(name: str, found: Snapshot, entry: Entry | None) -> bool:
    if name.startswith(_UNFINISHED) or found.stat.size == 0:
        return True
    return entry is not None and found.digest in entry.known


def _differs(new: FileStat, old: FileStat | None) -> bool:
    if old is None:
        return True
    return (new.size, new.mtime_ns, new.ino) != (old.size, old.mtime_ns, old.ino)
