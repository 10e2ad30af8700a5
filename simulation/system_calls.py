"""The system calls of ``rtcd.disk``, answered by the simulated disk of the process that makes them.

``installed()`` puts them in the place of ``os`` in the modules of ``rtcd.disk``; everything above
them (writer, limbo, folder, confinement, the inotify sensor) is rtcd's own code. Before every call
``Machine.before_call`` may kill the process, fail the call, or let somebody else be faster.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import errno
import os
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import rtcd.disk.attributes
import rtcd.disk.confinement
import rtcd.disk.exchange
import rtcd.disk.folder
import rtcd.disk.git_index
import rtcd.disk.in_place
import rtcd.disk.limbo
import rtcd.disk.limbo_journal
import rtcd.disk.raw_io
import rtcd.disk.sensor
import rtcd.disk.sensor_inotify
import rtcd.disk.whole_seconds
import rtcd.disk.writer
from rtcd.disk.notice import Notice, NoticeKind
from rtcd.disk.quiet_read import TornReadError
from simulation import file_system
from simulation.file_system import FileSystem, Inode, fail
from simulation.loop import CURRENT, KilledError, Process

if TYPE_CHECKING:
    from simulation.machine import Machine

PROC = "/proc/self/fd/"
WRITING = os.O_WRONLY | os.O_RDWR


@dataclass(eq=False)
class OpenFile:
    """One descriptor."""

    inode: Inode
    flags: int
    place: int = 0
    wrote: bool = False


@dataclass(eq=False)
class Descriptors:
    """Those of one process."""

    table: dict[int, OpenFile] = field(default_factory=dict)
    last: int = 10

    def add(self, file: OpenFile) -> int:
        """The lowest free number would do as well."""
        self.last += 1
        self.table[self.last] = file
        return self.last


def machine() -> Machine:
    """The computer on which the present process runs."""
    process = CURRENT.get()
    assert process is not None, "a system call outside of any process"
    return process.machine  # type: ignore[attr-defined,no-any-return]


class SystemCalls:
    """What ``import os`` gives to the modules of ``rtcd.disk``."""

    path = os.path
    strerror = staticmethod(os.strerror)
    fsencode = staticmethod(os.fsencode)
    fsdecode = staticmethod(os.fsdecode)
    fspath = staticmethod(os.fspath)
    SEEK_SET = os.SEEK_SET

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("O_"):
            return getattr(os, name)
        raise AttributeError(f"the simulator has no os.{name}")

    # ------------------------------------------------------------------ descriptors

    def _file(self, fd: int) -> OpenFile:
        found = machine().descriptors.table.get(fd)
        if found is None:
            raise fail(errno.EBADF, fd)
        return found

    def _folder(self, fd: int | None) -> Inode:
        return machine().files.root if fd is None else self._file(fd).inode

    def _at(self, path: object, dir_fd: int | None) -> tuple[Inode, str]:
        """The folder and the last name of a path."""
        text = os.fspath(path)  # type: ignore[call-overload]
        start = self._folder(dir_fd)
        above, _, name = text.rstrip("/").rpartition("/")
        folder = machine().files.find(above, start)
        if folder is None:
            raise fail(errno.ENOENT, text)
        if not folder.is_folder:
            raise fail(errno.ENOTDIR, text)
        return folder, name

    def open(
        self, path: object, flags: int, mode: int = 0o777, *, dir_fd: int | None = None
    ) -> int:
        here = machine()
        here.before_call("open", writes=bool(flags & (os.O_CREAT | WRITING)))
        folder, name = self._at(path, dir_fd)
        inode = folder if name in ("", ".") else folder.names.get(name)
        if inode is None:
            if not flags & os.O_CREAT:
                raise fail(errno.ENOENT, path)
            inode = here.files.create(folder, name, mode)
        elif flags & os.O_CREAT and flags & os.O_EXCL:
            raise fail(errno.EEXIST, path)
        if flags & os.O_DIRECTORY and not inode.is_folder:
            raise fail(errno.ENOTDIR, path)
        if flags & WRITING:
            if inode.is_folder:
                raise fail(errno.EISDIR, path)
            inode.writers += 1
        if flags & os.O_TRUNC:
            here.files.write(inode, b"")
        return here.descriptors.add(OpenFile(inode, flags))

    def close(self, fd: int) -> None:
        process = CURRENT.get()
        if process is None or not process.alive:
            return
        file = self._file(fd)
        del machine().descriptors.table[fd]
        if file.flags & WRITING:
            file.inode.writers -= 1
            machine().files.tell_file(file.inode, file_system.CLOSE_WRITE)

    def dup(self, fd: int) -> int:
        file = self._file(fd)
        return machine().descriptors.add(OpenFile(file.inode, os.O_RDONLY))

    # ------------------------------------------------------------------ bytes

    def pread(self, fd: int, size: int, place: int) -> bytes:
        machine().before_call("pread")
        return self._file(fd).inode.data[place : place + size]

    def write(self, fd: int, data: Any) -> int:  # noqa: ANN401
        here = machine()
        here.before_call("write", writes=True)
        file, added = self._file(fd), bytes(data)
        if len(added) > 1 and here.rng.random() < 0.02:
            added = added[: here.rng.randint(1, len(added) - 1)]
        old = file.inode.data
        place = len(old) if file.flags & os.O_APPEND else file.place
        here.files.write(file.inode, old[:place] + added + old[place + len(added) :])
        file.place = place + len(added)
        return len(added)

    def lseek(self, fd: int, place: int, how: int) -> int:
        assert how == os.SEEK_SET
        self._file(fd).place = place
        return place

    def ftruncate(self, fd: int, size: int) -> None:
        machine().before_call("ftruncate", writes=True)
        inode = self._file(fd).inode
        if len(inode.data) != size:
            machine().files.write(inode, inode.data[:size].ljust(size, b"\0"))

    def fsync(self, fd: int) -> None:
        here = machine()
        here.before_call("fsync", writes=True)
        here.files.sync(self._file(fd).inode)

    # ------------------------------------------------------------------ what is known of a file

    def fstat(self, fd: int) -> SimpleNamespace:
        machine().before_call("fstat")
        return self._file(fd).inode.stat()

    def stat(
        self, path: object, *, dir_fd: int | None = None, follow_symlinks: bool = True
    ) -> SimpleNamespace:
        machine().before_call("stat")
        folder, name = self._at(path, dir_fd)
        inode = folder if name in ("", ".") else folder.names.get(name)
        if inode is None:
            raise fail(errno.ENOENT, path)
        return inode.stat()

    def utime(self, fd: int, *, ns: tuple[int, int]) -> None:
        inode = self._file(fd).inode
        inode.mtime_ns = ns[1]
        inode.ctime_ns = machine().files.now_ns()
        machine().files.tell_file(inode, file_system.ATTRIB)

    def fchmod(self, fd: int, mode: int) -> None:
        inode = self._file(fd).inode
        inode.mode = mode
        machine().files.tell_file(inode, file_system.ATTRIB)

    def fchown(self, fd: int, uid: int, gid: int) -> None:
        pass

    def listxattr(self, fd: int) -> list[str]:
        return []

    # ------------------------------------------------------------------ names

    def rename(
        self,
        old: object,
        new: object,
        *,
        src_dir_fd: int | None = None,
        dst_dir_fd: int | None = None,
    ) -> None:
        machine().before_call("rename", writes=True)
        there, old_name = self._at(old, src_dir_fd)
        here, new_name = self._at(new, dst_dir_fd)
        machine().files.rename(there, old_name, here, new_name)

    def link(
        self,
        old: object,
        new: object,
        *,
        src_dir_fd: int | None,
        dst_dir_fd: int | None,
        follow_symlinks: bool = False,
    ) -> None:
        machine().before_call("link", writes=True)
        there, old_name = self._at(old, src_dir_fd)
        here, new_name = self._at(new, dst_dir_fd)
        if old_name not in there.names:
            raise fail(errno.ENOENT, old)
        if new_name in here.names:
            raise fail(errno.EEXIST, new)
        machine().files.link(here, new_name, there.names[old_name])
        machine().files.tell(here, new_name, file_system.CREATE)

    def unlink(self, path: object, *, dir_fd: int | None = None) -> None:
        machine().before_call("unlink", writes=True)
        machine().files.unlink(*self._at(path, dir_fd))

    def mkdir(self, path: object, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        machine().before_call("mkdir", writes=True)
        machine().files.make_folder(*self._at(path, dir_fd))

    def rmdir(self, path: object, *, dir_fd: int | None = None) -> None:
        machine().before_call("rmdir", writes=True)
        machine().files.remove_folder(*self._at(path, dir_fd))

    def listdir(self, fd: int) -> list[str]:
        return sorted(self._folder(fd).names)

    @contextlib.contextmanager
    def scandir(self, fd: int) -> Iterator[list[SimpleNamespace]]:
        machine().before_call("scandir")
        yield [SimpleNamespace(name=name) for name in sorted(self._folder(fd).names)]


calls = SystemCalls()


def _renameat2(there: int, old: str, here: int, new: str, flags: int) -> None:
    computer = machine()
    computer.before_call("renameat2", writes=True)
    if not computer.can_exchange:
        raise rtcd.disk.exchange.CannotExchangeError(errno.EINVAL, "no such rename", new)
    from_folder, to_folder = calls._folder(there), calls._folder(here)
    if flags == rtcd.disk.exchange._EXCHANGE:
        computer.files.exchange(from_folder, old, to_folder, new)
    else:
        computer.files.rename(from_folder, old, to_folder, new, replace=False)


def _read_quietly(fd: int, size: int) -> bytes:
    data = calls.pread(fd, size, 0)
    if len(data) < size:
        raise TornReadError(errno.EAGAIN, "the file shrank while it was read")
    return data


def _somebody_writes(folder: int, name: str) -> bool | None:
    computer = machine()
    if not computer.has_leases:
        return None
    inode = calls._folder(folder).names.get(name)
    if inode is None:
        return None
    return inode.writers > 0


def _make_private_folder(folder: object) -> None:
    here = ""
    for name in os.fspath(folder).strip("/").split("/"):  # type: ignore[call-overload]
        here = f"{here}/{name}"
        with contextlib.suppress(FileExistsError):
            calls.mkdir(here)


# ------------------------------------------------------------------ inotify


@dataclass(eq=False)
class Watch:
    """One watched folder."""

    wd: int
    inode: Inode
    mask: int


@dataclass(frozen=True)
class Event:
    """One event, as asyncinotify gives it."""

    mask: int
    name: str | None
    cookie: int
    watch: Watch | None


class SimulatedInotify:
    """``asyncinotify.Inotify``: events after a moment, in order; sometimes the queue overflows."""

    def __init__(self, **_: object) -> None:
        self.machine = machine()
        if self.machine.watcher_fails():
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        self.process = CURRENT.get()
        self._watches: dict[int, Watch] = {}
        self._by_inode: dict[int, Watch] = {}
        self._events: list[Event] = []
        self._arrived: Any = None
        self._last = 0
        self._closed = False
        self._due = 0.0
        self.machine.watchers.append(self)
        self.machine.files.told.append(self._hear)

    def add_watch(self, path: str, mask: int) -> Watch:
        assert path.startswith(PROC)
        inode = calls._file(int(path[len(PROC) :])).inode
        found = self._by_inode.get(inode.number)
        if found is not None and found.inode is inode:
            return found
        self._last += 1
        watch = Watch(self._last, inode, int(mask))
        self._watches[watch.wd] = self._by_inode[inode.number] = watch
        return watch

    def rm_watch(self, watch: Watch) -> None:
        self._watches.pop(watch.wd, None)
        if self._by_inode.get(watch.inode.number) is watch:
            del self._by_inode[watch.inode.number]

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(ValueError):
            self.machine.files.told.remove(self._hear)
        with contextlib.suppress(ValueError):
            self.machine.watchers.remove(self)

    def overflow(self) -> None:
        """The kernel's queue is full: what waits is all that will be told."""
        self._put(Event(0x4000, None, 0, None))

    def _hear(self, folder: Inode, name: str, mask: int, cookie: int) -> None:
        watch = self._by_inode.get(folder.number)
        if watch is None or watch.inode is not folder or not mask & watch.mask:
            return
        if self.machine.event_is_dropped():
            return
        event = Event(mask, name, cookie, watch)
        now = self.machine.loop.time()
        self._due = max(self._due + 1e-7, now + self.machine.event_delay())
        self.machine.loop.call_at(self._due, self._put, event, context=contextvars.Context())

    def _put(self, event: Event) -> None:
        if self._closed or self.process is None or not self.process.alive:
            return
        self._events.append(event)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    async def get(self) -> Event:
        while not self._events:
            self._arrived = self.machine.loop.create_future()
            await self._arrived
            if self.machine.watcher_fails():
                raise OSError(errno.EIO, "the watcher died")
        return self._events.pop(0)

    def sync_get(self) -> Event | None:
        return self._events.pop(0) if self._events else None


async def poll_by_rescans(*_: object, **__: object) -> AsyncGenerator[list[Notice], None]:
    """In the place of watchfiles' polling, for a system without watches."""
    while True:
        yield [Notice(None, NoticeKind.RESCAN)]
        await asyncio.sleep(1.0)


# ------------------------------------------------------------------ putting them in place

_MODULES = (
    rtcd.disk.attributes,
    rtcd.disk.confinement,
    rtcd.disk.exchange,
    rtcd.disk.folder,
    rtcd.disk.in_place,
    rtcd.disk.limbo,
    rtcd.disk.limbo_journal,
    rtcd.disk.raw_io,
    rtcd.disk.whole_seconds,
    rtcd.disk.writer,
)


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """While it lasts, ``rtcd.disk`` makes its system calls here."""
    with contextlib.ExitStack() as stack:

        def put(module: object, name: str, value: object) -> None:
            stack.enter_context(mock.patch.object(module, name, value))

        for module in _MODULES:
            put(module, "os", calls)
        put(rtcd.disk.exchange, "_rename", _renameat2)
        put(rtcd.disk.folder, "read_quietly", _read_quietly)
        put(rtcd.disk.folder, "somebody_writes", _somebody_writes)
        put(rtcd.disk.limbo, "somebody_writes", _somebody_writes)
        put(rtcd.disk.limbo, "make_private_folder", _make_private_folder)
        put(rtcd.disk.limbo, "secrets", SimpleNamespace(token_hex=lambda _: machine().new_run()))
        put(rtcd.disk.sensor_inotify, "Inotify", SimulatedInotify)
        put(rtcd.disk.sensor, "_watch_by_watchfiles", poll_by_rescans)
        put(rtcd.disk.git_index.GitIndex, "wrote", lambda *_: False)
        yield


__all__ = ["Descriptors", "KilledError", "Process", "calls", "installed"]


def files_of(file_system_: FileSystem) -> dict[str, bytes]:
    """All files of a disk, without those of rtcd itself."""
    return {
        path: inode.data
        for path, inode in file_system_.walk()
        if not inode.is_folder and "/.rtcd/" not in path
    }
