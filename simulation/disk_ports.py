"""``rtcd.disk`` on a simulated disk: what is put in place of its system calls."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from types import SimpleNamespace
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
from rtcd.disk.quiet_read import TornReadError
from simulation.inotify import SimulatedInotify, poll_by_rescans
from simulation.system_calls import calls, machine

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
