"""Editors on one computer: buffers that go stale, and the ways in which programs save.

A save is a generator: between its system calls time passes, and the daemon may come in between.
``hurry`` lets an editor be faster than the daemon's next system call.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulation import file_system
from simulation.documents import Typist
from simulation.file_system import Inode
from simulation.network import NOWHERE

if TYPE_CHECKING:
    from simulation.machine import Machine

Steps = Iterator[float]
"""Each step is done; the number is the pause after it, in seconds."""


class Editor:
    """One program with one file open.

    Attributes:
        buffer: what the person sees; None while the file was never opened.
        loaded: what the buffer was made from.
        told: the new names of files that somebody has renamed.
    """

    def __init__(
        self,
        machine: Machine,
        name: str,
        typist: Typist,
        rng: random.Random,
        told: dict[str, str],
    ) -> None:
        self.machine = machine
        self.name = name
        self.typist = typist
        self.rng = rng
        self.told = told
        self.style = rng.choice(STYLES)
        self.reloads = rng.random() > 0.4
        self.buffer: bytes | None = None
        self.loaded: bytes | None = None
        self._saving: Steps | None = None
        self._timer: asyncio.TimerHandle | None = None
        machine.editors.append(self)

    # ------------------------------------------------------------------ what a person does

    @property
    def is_dirty(self) -> bool:
        """True with something typed and not saved."""
        return self.buffer is not None and self.buffer != self.loaded

    @property
    def is_saving(self) -> bool:
        """True in the middle of a save."""
        return self._saving is not None

    def load(self) -> None:
        """Open the file (again); what was typed stays unless it was saved."""
        inode = self._inode()
        if self.is_dirty or self.is_saving or inode is None or inode.writers:
            return
        if not self.typist.can_read(inode.data):
            return
        self.loaded = self.buffer = inode.data
        self.machine.files.tell_file(inode, file_system.ACCESS)

    def type(self) -> None:
        """Edit the buffer."""
        if self.buffer is None:
            self.load()
        if self.buffer is not None:
            self.buffer = self.typist.edit(self.buffer)

    def save(self) -> None:
        """Begin to save the buffer."""
        if self.is_saving or self.buffer is None or not self.is_dirty:
            return
        self.typist.saved(self.loaded, self.buffer)
        data, self.loaded = self.buffer, self.buffer
        self._saving = SAVERS[self.style](self, data)
        self._go_on()

    def append(self) -> None:
        """A tool adds a line without reading the file; the editor is told and loads it.

        (Two programs on one disk of which one takes back what the other saved look like one
        person who takes something back: no rule can tell them apart.)
        """
        inode = self._inode()
        if inode is None or inode.writers or self.is_dirty or self.is_saving:
            return
        added = self.typist.line()
        if added is not None:
            inode.writers += 1
            self.machine.files.write(inode, inode.data + added)
            inode.writers -= 1
            self.machine.files.tell_file(inode, file_system.CLOSE_WRITE)
            if self.buffer is not None:
                self.load()

    def look(self) -> None:
        """An editor that follows the disk does so; one whose file has another name opens that."""
        if self.name in self.told and not self.is_dirty and not self.is_saving:
            self.dies()
            self.name = self.told[self.name]
        if self.reloads:
            self.load()

    def dies(self) -> None:
        """The program is gone, with what was typed and not saved."""
        if self._timer is not None:
            self._timer.cancel()
        if self.is_dirty:
            self.typist.lost(self.loaded, self.buffer)
        self._saving = self._timer = None
        self.buffer = self.loaded = None

    # ------------------------------------------------------------------ saving

    def hurry(self) -> None:
        """Do the next steps of a save now; or begin one."""
        if self._saving is None:
            if not self.is_dirty or self.rng.random() < 0.7:
                return
            self.save()
        for _ in range(self.rng.randint(0, 3)):
            if self._saving is not None:
                self._go_on()

    def _go_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        assert self._saving is not None
        pause = next(self._saving, None)
        if pause is None:
            self._saving = None
            return
        loop = self.machine.loop
        self._timer = loop.call_later(pause, self._go_on, context=NOWHERE.copy())

    def _inode(self) -> Inode | None:
        return self.machine.folder.names.get(self.name)

    def _pause(self) -> float:
        return self.rng.choice([0.00005, 0.0005, 0.003, 0.02])

    def _write(self, inode: Inode, data: bytes) -> Steps:
        """Fill an open file, in parts."""
        files = self.machine.files
        parts = self.rng.choice([1, 1, 1, 3])
        size = max(1, -(-len(data) // parts))
        for end in range(size, len(data) + size, size):
            files.write(inode, data[:end])
            yield self._pause()
        inode.writers -= 1
        files.tell_file(inode, file_system.CLOSE_WRITE)

    def in_place(self, data: bytes) -> Steps:
        """nano, VS Code, ``open(name, "w")``: truncate, write, close."""
        files, inode = self.machine.files, self._inode()
        if inode is None:
            inode = files.create(self.machine.folder, self.name)
        inode.writers += 1
        files.write(inode, b"")
        yield self._pause()
        yield from self._write(inode, data)
        if self.rng.random() < 0.5:
            files.sync(inode)

    def replace(self, data: bytes) -> Steps:
        """gedit, Spyder, ``sed -i``: a temporary file that is renamed over the name."""
        files, folder = self.machine.files, self.machine.folder
        temporary = f".{self.name}.{self.rng.getrandbits(20):05x}.tmp"
        inode = files.create(folder, temporary)
        inode.writers += 1
        yield self._pause()
        yield from self._write(inode, data)
        files.sync(inode)
        yield self._pause()
        with contextlib.suppress(OSError):
            files.rename(folder, temporary, folder, self.name)

    def backup(self, data: bytes) -> Steps:
        """vim: the old file gets another name, a new one is written, the old one is deleted."""
        files, folder = self.machine.files, self.machine.folder
        with contextlib.suppress(OSError):
            files.rename(folder, self.name, folder, self.name + "~")
            yield self._pause()
        inode = self._inode() or files.create(folder, self.name)
        inode.writers += 1
        if inode.data:
            files.write(inode, b"")
        yield self._pause()
        yield from self._write(inode, data)
        files.sync(inode)
        yield self._pause()
        with contextlib.suppress(OSError):
            files.unlink(folder, self.name + "~")

    def delete_first(self, data: bytes) -> Steps:
        """git, ``install``: delete, create, write."""
        files, folder = self.machine.files, self.machine.folder
        with contextlib.suppress(OSError):
            files.unlink(folder, self.name)
            yield self._pause()
        inode = self._inode() or files.create(folder, self.name)
        inode.writers += 1
        if inode.data:
            files.write(inode, b"")
        yield from self._write(inode, data)

    def old_time(self, data: bytes) -> Steps:
        """``cp -p``, ``rsync -t``: the file gets a time of long ago."""
        yield from self.in_place(data)
        inode = self._inode()
        if inode is not None:
            inode.mtime_ns -= self.rng.randint(1, 10**15)
            self.machine.files.tell_file(inode, file_system.ATTRIB)


SAVERS = {
    "in-place": Editor.in_place,
    "replace": Editor.replace,
    "backup": Editor.backup,
    "delete-first": Editor.delete_first,
    "old-time": Editor.old_time,
}
STYLES = ("in-place", "in-place", "replace", "backup", "backup", "delete-first", "old-time")
