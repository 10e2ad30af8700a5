"""The system calls of ``rtcd.disk``, answered by the simulated disk of the process that makes them.

``installed()`` puts them in the place of ``os`` in the modules of ``rtcd.disk``; everything above
them (writer, limbo, folder, confinement, the inotify sensor) is rtcd's own code. Before every call
``Machine.before_call`` may kill the process, fail the call, or let somebody else be faster.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from simulation import file_system
from simulation.file_system import Inode, fail
from simulation.loop import CURRENT

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
