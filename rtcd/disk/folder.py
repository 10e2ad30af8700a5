"""``Folder``: the project folder by its descriptor; every path is resolved below it."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rtcd.disk.confinement import FOLDER_FLAGS, Confinement
from rtcd.disk.exchange import move_onto_nothing
from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.lease import somebody_writes
from rtcd.disk.limbo import Limbo
from rtcd.disk.limbo_journal import Entry
from rtcd.disk.os_errors import held, is_absent, link_in_the_way
from rtcd.disk.quiet_read import TornReadError, can_read_quietly, read_quietly
from rtcd.disk.raw_io import digest_of, read_all
from rtcd.errors import HeldError
from rtcd.places import INSIDE
from rtcd.project_path import ProjectPath

READ_TRIES = 5
OWN_READ_S = 0.5
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NO_ATIME = getattr(os, "O_NOATIME", 0)


class Folder:
    """The project folder, held open. Nothing outside is ever reached, whatever moves meanwhile.

    ``own_reads`` maps a path to the monotonic time of rtcd's last *noisy* read of it: only where
    a file cannot be mapped does a read of ours look like somebody else's.
    """

    def __init__(
        self,
        root: Path,
        fd: int,
        *,
        by_kernel: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.root = root
        self.fd = fd
        self.own_reads: dict[ProjectPath, float] = {}
        self._clock = clock
        self._confinement = Confinement(fd, by_kernel=by_kernel)
        self._limbo: Limbo | None = None

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        by_kernel: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Folder:
        """Open the project folder; ``by_kernel`` False forces the way without ``openat2``.

        ``clock`` gives the monotonic seconds that limbo and the writer count with.

        Raises:
            HeldError: it is missing, no folder, or not readable.
        """
        real = root.resolve()
        try:
            return cls(real, os.open(real, FOLDER_FLAGS), by_kernel=by_kernel, clock=clock)
        except OSError as error:
            raise held(error, root, "open the folder") from error

    def close(self) -> None:
        """Give the descriptors back."""
        if self._limbo is not None:
            self._limbo.close()
        os.close(self.fd)

    @property
    def limbo(self) -> Limbo:
        """Where files wait while they are swapped; made when first needed."""
        if self._limbo is None:
            self._limbo = Limbo(self.root / INSIDE / "limbo")
        return self._limbo

    def use_limbo(self, folder: Path) -> Limbo:
        """Take ``folder`` for the limbo; it must be on the project's file system.

        Raises:
            HeldError: the folder cannot be made or opened.
        """
        if self._limbo is None or self._limbo.folder != folder:
            if self._limbo is not None:
                self._limbo.close()
            try:
                self._limbo = Limbo(folder)
            except OSError as error:
                raise held(error, folder, "use") from error
        return self._limbo

    @contextlib.contextmanager
    def open_folder(self, path: ProjectPath | None) -> Iterator[int]:
        """A folder's descriptor (None: the project folder's own), closed afterwards.

        Raises:
            OSError: as ``Confinement.open``.
        """
        if path is None:
            yield self.fd
            return
        fd = self._confinement.open_folder(path.value)
        try:
            yield fd
        finally:
            os.close(fd)

    def is_root_in_place(self) -> bool:
        """True while the folder that was opened is still the one at ``root``."""
        try:
            return os.path.samestat(os.stat(self.root), os.fstat(self.fd))
        except OSError:
            return False

    def stat(self, path: ProjectPath) -> FileStat | None:
        """What is at the path, a link itself included; None for nothing.

        Raises:
            HeldError: ``symlink`` when a folder on the way is a link, ``no-permission``, ...
        """
        try:
            with self.open_folder(path.parent) as parent:
                return FileStat.of(os.stat(path.name, dir_fd=parent, follow_symlinks=False))
        except OSError as error:
            if is_absent(error):
                return None
            raise held(error, path, "look at") from error

    def read(self, path: ProjectPath, *, max_bytes: int) -> Snapshot | None:
        """The whole file, or None when nothing is there.

        The bytes belong together: size and times were the same before and after.

        Raises:
            HeldError: ``symlink``, ``special-file`` (FIFO, socket, device: not opened),
                ``type-changed`` (a folder), ``too-large``, ``no-permission``, ``read-error``, or
                ``busy`` when somebody writes to it without a pause.
        """
        for _ in range(READ_TRIES):
            try:
                with self.open_folder(path.parent) as parent:
                    snapshot = self._read_once(parent, path, max_bytes)
            except (TornReadError, _ChangedMeanwhileError):
                continue
            except OSError as error:
                if is_absent(error):
                    return None
                raise held(error, path, "read") from error
            return snapshot
        raise HeldError(
            f"{path} changes faster than it can be read",
            hint="It is read when its writer pauses.",
            code="busy",
        )

    def _read_once(self, parent: int, path: ProjectPath, max_bytes: int) -> Snapshot:
        named = FileStat.of(os.stat(path.name, dir_fd=parent, follow_symlinks=False))
        refuse_unreadable(path, named, max_bytes)
        fd = _open_for_reading(parent, path.name)
        try:
            before = FileStat.of(os.fstat(fd))
            refuse_unreadable(path, before, max_bytes)
            data = self._bytes_of(fd, path, before.size)
            after = FileStat.of(os.fstat(fd))
        finally:
            os.close(fd)
        if not before.same_bytes_likely(after) or len(data) != after.size:
            raise _ChangedMeanwhileError
        return Snapshot(path=path, stat=after, data=data, digest=digest_of(data))

    def _bytes_of(self, fd: int, path: ProjectPath, size: int) -> bytes:
        data = read_quietly(fd, size) if can_read_quietly() else None
        if data is None:
            self._remember_own_read(path)
            data = read_all(fd)
            self._remember_own_read(path)
        return data

    def _remember_own_read(self, path: ProjectPath) -> None:
        now = self._clock()
        self.own_reads[path] = now
        if len(self.own_reads) > 1000:
            recent = {p: at for p, at in self.own_reads.items() if now - at <= OWN_READ_S}
            self.own_reads = recent

    def was_own_read(self, path: ProjectPath) -> bool:
        """True when a read that was just told may be rtcd's own (see ``own_reads``)."""
        at = self.own_reads.get(path)
        return at is not None and self._clock() - at <= OWN_READ_S

    def somebody_writes(self, path: ProjectPath) -> bool | None:
        """True when a program has the file open for writing; None when that cannot be told."""
        try:
            with self.open_folder(path.parent) as parent:
                return somebody_writes(parent, path.name)
        except OSError:
            return None

    def list(self, path: ProjectPath | None) -> list[tuple[str, FileStat]]:
        """Names and stats in a folder, sorted; [] when it is not there.

        A name that is not UTF-8 comes with lone surrogates; ``ProjectPath.parse`` refuses it.

        Raises:
            HeldError: ``symlink``, ``no-permission``, ...
        """
        try:
            with self.open_folder(path) as fd:
                return _entries(fd)
        except OSError as error:
            if is_absent(error):
                return []
            raise held(error, path or self.root, "list") from error

    def make_folder(self, path: ProjectPath) -> None:
        """Make a folder and those above it; an existing one is fine.

        Raises:
            HeldError: ``type-changed`` where a file is in the way, ``symlink``, ``disk-full``, ...
        """
        try:
            with self.open_folder(path.parent) as parent:
                _make_one(parent, path.name)
                with self.open_folder(path):
                    return
        except OSError as error:
            if error.errno != errno.ENOENT or path.parent is None:
                raise held(error, path, "make the folder") from error
        self.make_folder(path.parent)
        self._make_last(path)

    def _make_last(self, path: ProjectPath) -> None:
        try:
            with self.open_folder(path.parent) as parent:
                _make_one(parent, path.name)
        except OSError as error:
            raise held(error, path, "make the folder") from error

    def remove_file(self, path: ProjectPath, expected: Snapshot) -> Snapshot | None:
        """Remove a file that holds what was expected.

        It moves to limbo first and is looked at there. If it holds something else it is put back
        and returned (kept in limbo when the name is taken again by then). None: removed, or it
        was not there.

        Raises:
            HeldError: ``symlink``, ``type-changed``, ``no-permission``, ``read-only``, ...
        """
        stat = self.stat(path)
        if stat is None:
            return None
        refuse_unwritable(path, stat)
        try:
            name = self.limbo.new_name(Entry(path, frozenset({expected.digest})))
            with self.open_folder(path.parent) as parent:
                move_onto_nothing(parent, path.name, self.limbo.fd, name)
                return self._judge_removed(parent, path, name, expected)
        except OSError as error:
            if is_absent(error):
                return None
            raise held(error, path, "remove") from error

    def _judge_removed(
        self, parent: int, path: ProjectPath, name: str, expected: Snapshot
    ) -> Snapshot | None:
        now = self._clock()
        try:
            found = self.limbo.snapshot(name, path)
        except OSError:
            # Nobody knows what was taken away: it goes back, or waits until it can be read.
            size = expected.stat.size
            self.limbo.keep(name, path, known=expected.digest, known_size=size, now=now)
            move_onto_nothing(self.limbo.fd, name, parent, path.name)
            raise
        if found is not None and found.data == expected.data:
            size = expected.stat.size
            self.limbo.keep(name, path, known=found.digest, known_size=size, now=now)
            return None
        try:
            move_onto_nothing(self.limbo.fd, name, parent, path.name)
        except FileExistsError:
            if found is None:
                raise _type_changed(path) from None
            self.limbo.keep_surprise(name, found, now=now)
        if found is None:
            raise _type_changed(path)
        return found

    def remove_folder(self, path: ProjectPath) -> None:
        """Remove an empty folder; one that is not there is fine.

        Raises:
            HeldError: ``not-empty``, ``symlink``, ``type-changed``, ``no-permission``, ...
        """
        try:
            with self.open_folder(path.parent) as parent:
                os.rmdir(path.name, dir_fd=parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise held(error, path, "remove the folder") from error

    def rename(self, old: ProjectPath, new: ProjectPath) -> None:
        """Rename a file or folder, never over anything; missing folders are made.

        Raises:
            HeldError: ``name-collision`` when the new name is taken, ``vanished`` when the old
                one is not there, ``symlink``, ...
        """
        if new.parent is not None:
            self.make_folder(new.parent)
        try:
            with self.open_folder(old.parent) as there, self.open_folder(new.parent) as here:
                move_onto_nothing(there, old.name, here, new.name)
        except FileExistsError as error:
            raise name_taken(new) from error
        except FileNotFoundError as error:
            raise vanished(old) from error
        except OSError as error:
            raise held(error, old, "rename") from error


class _ChangedMeanwhileError(Exception):
    """The file was written to while it was read."""


def refuse_unreadable(path: ProjectPath, stat: FileStat, max_bytes: int) -> None:
    """Hold what is no plain file, and what is too large."""
    refuse_unwritable(path, stat)
    if stat.size > max_bytes:
        raise HeldError(
            f"{path} has {stat.size:,} bytes; the limit is {max_bytes:,}",
            hint="Raise the limit in the settings, or add it to .rtcdignore.",
            code="too-large",
        )


def refuse_unwritable(path: ProjectPath, stat: FileStat) -> None:
    """Hold what is no plain file."""
    if stat.kind == "link":
        raise link_in_the_way(path)
    if stat.kind == "folder":
        raise _type_changed(path)
    if stat.kind == "other":
        raise HeldError(
            f"{path} is a pipe, socket or device",
            hint="Only plain files are shared.",
            code="special-file",
        )


def name_taken(path: ProjectPath) -> HeldError:
    """The hold for a new name that something else has."""
    return HeldError(
        f"there is already something named {path}",
        hint="Rename one of the two.",
        code="name-collision",
    )


def vanished(path: ProjectPath) -> HeldError:
    """The hold for a file that was there a moment ago."""
    return HeldError(
        f"{path} is not there any more",
        hint="An editor may be about to put it back.",
        code="vanished",
    )


def _type_changed(path: ProjectPath) -> HeldError:
    return HeldError(
        f"{path} is not a plain file any more",
        hint="Move one of the two away.",
        code="type-changed",
    )


def _open_for_reading(parent: int, name: str) -> int:
    try:
        return os.open(name, _READ_FLAGS | _NO_ATIME, dir_fd=parent)
    except PermissionError:
        # Only the owner may read without moving the access time.
        return os.open(name, _READ_FLAGS, dir_fd=parent)


def _entries(fd: int) -> list[tuple[str, FileStat]]:
    found = []
    with os.scandir(fd) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                stat = os.stat(entry.name, dir_fd=fd, follow_symlinks=False)
                found.append((entry.name, FileStat.of(stat)))
    return sorted(found, key=lambda item: item[0])


def _make_one(parent: int, name: str) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=parent)
