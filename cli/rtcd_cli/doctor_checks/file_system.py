"""Can two files be swapped in one step, are locks kept, is it a local disk?"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from rtcd.disk.exchange import CannotExchangeError, exchange
from rtcd.places import Places
from rtcd_cli.doctor_checks.check import Check
from rtcd_cli.doctor_checks.trial_folder import trial_folder

# Their changes made on other machines are not told to us by the kernel.
REMOTE_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "vboxsf"})


def check_file_system(places: Places) -> Iterator[Check]:
    """Can two files be swapped in one step, are locks kept, is it a local disk?"""
    kind = file_system_of(places.project)
    if kind in REMOTE_FILE_SYSTEMS:
        yield Check(
            "file system",
            "warn",
            f"{kind}: changes made on other machines are seen late",
            "Run rtcd on the machine that has the disk, if you can.",
        )
    with trial_folder(places) as folder:
        if folder is None:
            yield Check("file system", "ok", f"{kind or 'unknown'}; not tried before `rtcd start`")
            return
        yield _check_exchange(folder, kind)
        yield _check_lock(folder)


def _check_exchange(folder: Path, kind: str) -> Check:
    first, second = folder / "first", folder / "second"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        exchange(descriptor, "first", descriptor, "second")
    except CannotExchangeError:
        return Check(
            "swap",
            "warn",
            f"{kind or 'this file system'} cannot swap two files in one step",
            "rtcd compares, keeps a copy and renames instead; a local disk is safer.",
        )
    except OSError as error:
        return Check("swap", "fail", f"files cannot be swapped: {error.strerror}")
    finally:
        os.close(descriptor)
    return Check("swap", "ok", f"{kind or 'the file system'} swaps two files in one step")


def _check_lock(folder: Path) -> Check:
    with (folder / "lock").open("wb") as one, (folder / "lock").open("rb") as other:
        try:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            hint = "Two daemons on this folder could not see each other."
            return Check("locks", "fail", f"the file system has no locks: {error.strerror}", hint)
        try:
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return Check("locks", "ok", "locks are kept")
    return Check("locks", "fail", "the file system gives locks to everybody", "Use a local disk.")


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The type of file system that holds ``path``; empty where the system does not tell."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        where = fields[1].replace("\\040", " ")
        if len(where) >= len(best) and path.is_relative_to(where):
            best, kind = where, fields[2]
    return kind
