"""A file system in memory: inodes, names, what is safe after a power cut, and inotify's events.

Names change in a journal, in order, as on ext4: a power cut leaves a prefix of the changes since
the last sync. Bytes that were not synced may be the old ones, the new ones, or cut short. Whoever
writes also says where the events go (``watchers``).
"""

from __future__ import annotations

import errno
import os
import random
import stat as stat_bits
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

ACCESS, MODIFY, ATTRIB, CLOSE_WRITE = 0x1, 0x2, 0x4, 0x8
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
ISDIR = 0x40000000


def fail(code: int, name: object = "") -> OSError:
    """The error that the system would raise."""
    return OSError(code, os.strerror(code), str(name))


@dataclass(eq=False)
class Inode:
    """A file or folder. ``writers`` counts programs that have it open for writing."""

    number: int
    is_folder: bool
    data: bytes = b""
    synced: bytes = b""
    mtime_ns: int = 0
    ctime_ns: int = 0
    mode: int = 0o644
    names: dict[str, Inode] = field(default_factory=dict)
    places: list[tuple[Inode, str]] = field(default_factory=list)
    writers: int = 0

    def stat(self) -> SimpleNamespace:
        """What ``os.stat`` would say."""
        kind = stat_bits.S_IFDIR if self.is_folder else stat_bits.S_IFREG
        return SimpleNamespace(
            st_dev=1,
            st_ino=self.number,
            st_size=len(self.data),
            st_mtime_ns=self.mtime_ns,
            st_ctime_ns=self.ctime_ns,
            st_mode=kind | self.mode,
            st_nlink=max(1, len(self.places)),
            st_uid=1000,
            st_gid=1000,
            st_atime_ns=0,
        )


class FileSystem:
    """One disk. ``clock`` is the wall clock in seconds; ``told`` hears (folder, name, mask, cookie)."""

    def __init__(self, clock: Callable[[], float], rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._numbers = 100
        self._free_numbers: list[int] = []
        self._cookies = 0
        self.told: list[Callable[[Inode, str, int, int], None]] = []
        self.root = self._new(is_folder=True)
        self._journal: list[tuple[Inode, dict[str, Inode]]] = []

    def _new(self, *, is_folder: bool, mode: int = 0o644) -> Inode:
        if self._free_numbers and self._rng.random() < 0.7:
            # ext4 gives the number of a deleted file to the next one.
            number = self._free_numbers.pop()
        else:
            self._numbers += 1
            number = self._numbers
        inode = Inode(number, is_folder, mode=mode)
        self._touch(inode)
        return inode

    def now_ns(self) -> int:
        """The time that files get: the kernel's tick is 4 ms."""
        return int(self._clock() * 250) * 4_000_000

    def _touch(self, inode: Inode, *, data: bool = True) -> None:
        inode.ctime_ns = self.now_ns()
        if data:
            inode.mtime_ns = inode.ctime_ns

    def tell(self, folder: Inode, name: str, mask: int, cookie: int = 0) -> None:
        """An event for whoever watches."""
        for listener in self.told:
            listener(folder, name, mask, cookie)

    def tell_file(self, inode: Inode, mask: int) -> None:
        """An event for every name of a file."""
        for folder, name in inode.places:
            self.tell(folder, name, mask)

    # ------------------------------------------------------------------ names

    def find(self, path: str, start: Inode | None = None) -> Inode | None:
        """What has this path below ``start``; None for nothing."""
        here: Inode | None = start or self.root
        for name in path.split("/"):
            if name in ("", "."):
                continue
            if here is None or not here.is_folder:
                return None
            here = here.names.get(name)
        return here

    def link(self, folder: Inode, name: str, inode: Inode) -> None:
        """Give an inode a name; no event."""
        self._remember(folder)
        folder.names[name] = inode
        inode.places.append((folder, name))
        self._touch(folder)

    def unlink_quietly(self, folder: Inode, name: str) -> Inode:
        """Take a name away; no event."""
        self._remember(folder)
        inode = folder.names.pop(name)
        inode.places.remove((folder, name))
        if not inode.places and not inode.is_folder:
            self._free_numbers.append(inode.number)
        self._touch(folder)
        return inode

    def create(self, folder: Inode, name: str, mode: int = 0o644) -> Inode:
        """A new empty file."""
        inode = self._new(is_folder=False, mode=mode)
        self.link(folder, name, inode)
        self.tell(folder, name, CREATE)
        return inode

    def make_folder(self, folder: Inode, name: str) -> Inode:
        """A new folder.

        Raises:
            OSError: EEXIST.
        """
        if name in folder.names:
            raise fail(errno.EEXIST, name)
        inode = self._new(is_folder=True, mode=0o755)
        self.link(folder, name, inode)
        self.tell(folder, name, CREATE | ISDIR)
        return inode

    def unlink(self, folder: Inode, name: str) -> None:
        """Delete a file."""
        found = folder.names.get(name)
        if found is None:
            raise fail(errno.ENOENT, name)
        if found.is_folder:
            raise fail(errno.EISDIR, name)
        self.unlink_quietly(folder, name)
        self._touch(found, data=False)
        self.tell(folder, name, DELETE)

    def remove_folder(self, folder: Inode, name: str) -> None:
        """Delete an empty folder."""
        found = folder.names.get(name)
        if found is None:
            raise fail(errno.ENOENT, name)
        if not found.is_folder:
            raise fail(errno.ENOTDIR, name)
        if found.names:
            raise fail(errno.ENOTEMPTY, name)
        self.unlink_quietly(folder, name)
        self.tell(folder, name, DELETE | ISDIR)

    def rename(
        self, there: Inode, old: str, here: Inode, new: str, *, replace: bool = True
    ) -> None:
        """Move a name, over a file unless ``replace`` is False."""
        moved = there.names.get(old)
        if moved is None:
            raise fail(errno.ENOENT, old)
        target = here.names.get(new)
        if target is not None:
            if not replace:
                raise fail(errno.EEXIST, new)
            if target.is_folder != moved.is_folder:
                raise fail(errno.EISDIR if target.is_folder else errno.ENOTDIR, new)
            if target is not moved:
                self.unlink_quietly(here, new)
        if target is not moved:
            self.unlink_quietly(there, old)
            self.link(here, new, moved)
            if not moved.is_folder and moved.number in self._free_numbers:
                self._free_numbers.remove(moved.number)
        self._touch(moved, data=False)
        self._tell_moved(there, old, here, new, moved)

    def exchange(self, there: Inode, old: str, here: Inode, new: str) -> None:
        """Swap two names."""
        one, other = there.names.get(old), here.names.get(new)
        if one is None or other is None:
            raise fail(errno.ENOENT, old if one is None else new)
        self._remember(there)
        self._remember(here, together=True)
        there.names[old], here.names[new] = other, one
        one.places[one.places.index((there, old))] = (here, new)
        other.places[other.places.index((here, new))] = (there, old)
        self._touch(one, data=False)
        self._touch(other, data=False)
        self._tell_moved(there, old, here, new, one)
        self._tell_moved(here, new, there, old, other)

    def _tell_moved(self, there: Inode, old: str, here: Inode, new: str, moved: Inode) -> None:
        self._cookies += 1
        kind = ISDIR if moved.is_folder else 0
        self.tell(there, old, MOVED_FROM | kind, self._cookies)
        self.tell(here, new, MOVED_TO | kind, self._cookies)

    # ------------------------------------------------------------------ bytes

    def write(self, inode: Inode, data: bytes) -> None:
        """Make ``data`` the whole content."""
        inode.data = data
        self._touch(inode)
        self.tell_file(inode, MODIFY)

    def sync(self, inode: Inode) -> None:
        """fsync: the file's bytes and all names until now are safe."""
        inode.synced = inode.data
        self._journal.clear()

    def sync_all(self) -> None:
        """What the kernel does by itself after some seconds."""
        for _, inode in self.walk():
            inode.synced = inode.data
        self._journal.clear()

    def walk(self, folder: Inode | None = None, before: str = "") -> Iterator[tuple[str, Inode]]:
        """Everything below a folder, with its path."""
        for name, inode in sorted((folder or self.root).names.items()):
            path = f"{before}{name}"
            yield path, inode
            if inode.is_folder:
                yield from self.walk(inode, path + "/")

    # ------------------------------------------------------------------ power

    def _remember(self, folder: Inode, *, together: bool = False) -> None:
        """Note a folder's names before a change; ``together``: it is part of the last change."""
        self._journal.append((folder, dict(folder.names)))
        if together:
            last, before = self._journal.pop(), self._journal.pop()
            self._journal.append(before)
            # Undone as one: the second half carries a mark of its own.
            self._journal.append((last[0], {**last[1], "": last[0]}))

    def cut_power(self) -> None:
        """Undo some of the latest changes of names, and lose bytes that were not synced."""
        undo = self._rng.randint(0, len(self._journal))
        while undo:
            folder, names = self._journal.pop()
            undo -= 1
            if "" in names and self._journal:
                names = {name: inode for name, inode in names.items() if name}
                other, before = self._journal.pop()
                other.names = before
                undo = max(0, undo - 1)
            folder.names = {name: inode for name, inode in names.items() if name}
        self._journal.clear()
        self._rebuild_places()
        for _, inode in self.walk():
            if not inode.is_folder and inode.data != inode.synced:
                inode.data = self._rng.choice([inode.data, inode.synced, inode.synced])
            inode.synced = inode.data
            inode.writers = 0

    def _rebuild_places(self) -> None:
        folders = [self.root]
        everything = list(self.walk())
        for _, inode in everything:
            inode.places = []
        for _, inode in everything:
            if inode.is_folder:
                folders.append(inode)
        for folder in folders:
            for name, inode in folder.names.items():
                if (folder, name) not in inode.places:
                    inode.places.append((folder, name))
