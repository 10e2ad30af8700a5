"""Renames that ``os`` has no name for: swap two files, and rename only onto nothing.

Linux has ``renameat2``, macOS ``renameatx_np``. File systems that cannot (NFS, SMB, some FUSE)
say so, and the caller falls back.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys

_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_SYS_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "ppc64le": 357, "s390x": 347}

if sys.platform == "darwin":
    _NOREPLACE, _EXCHANGE = 4, 2
else:
    _NOREPLACE, _EXCHANGE = 1, 2


class CannotExchangeError(OSError):
    """This file system or kernel has no such rename."""


def _load() -> ctypes._NamedFuncPointer | None:
    library = ctypes.CDLL(None, use_errno=True)
    name = "renameatx_np" if sys.platform == "darwin" else "renameat2"
    function = getattr(library, name, None)
    if function is None:
        return None
    function.restype = ctypes.c_int
    function.argtypes = (
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    )
    return function  # type: ignore[no-any-return]


def _load_syscall() -> tuple[int, ctypes._NamedFuncPointer] | None:
    """The bare system call, for C libraries without the wrapper (older musl)."""
    number = _SYS_RENAMEAT2.get(platform.machine())
    if number is None or not sys.platform.startswith("linux"):
        return None
    return number, ctypes.CDLL(None, use_errno=True).syscall


_function = _load()
_syscall = None if _function is not None else _load_syscall()


def _rename(from_folder: int, old: str, to_folder: int, new: str, flags: int) -> None:
    raw = (from_folder, os.fsencode(old), to_folder, os.fsencode(new), flags)
    if _function is not None:
        result = _function(*raw)
    elif _syscall is not None:
        result = _syscall[1](_syscall[0], *raw)
    else:
        raise CannotExchangeError(errno.ENOSYS, "no such rename on this system")
    if result == 0:
        return
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        raise CannotExchangeError(code, os.strerror(code), new)
    raise OSError(code, os.strerror(code), new)


def exchange(from_folder: int, old: str, to_folder: int, new: str) -> None:
    """Swap two existing names of one file system in one step.

    Raises:
        CannotExchangeError: the file system has no swap.
        OSError: ENOENT when either is missing, EXDEV across file systems.
    """
    _rename(from_folder, old, to_folder, new, _EXCHANGE)


def rename_onto_nothing(from_folder: int, old: str, to_folder: int, new: str) -> None:
    """Rename, but never over something.

    Raises:
        CannotExchangeError: the file system has no such rename.
        OSError: EEXIST when the new name is taken.
    """
    _rename(from_folder, old, to_folder, new, _NOREPLACE)


def move_onto_nothing(from_folder: int, old: str, to_folder: int, new: str) -> None:
    """``rename_onto_nothing``, for files also where the file system lacks it (link and unlink).

    Raises:
        OSError: EEXIST when the new name is taken.
    """
    try:
        rename_onto_nothing(from_folder, old, to_folder, new)
    except CannotExchangeError:
        _move_by_link(from_folder, old, to_folder, new)


def _move_by_link(from_folder: int, old: str, to_folder: int, new: str) -> None:
    try:
        os.link(old, new, src_dir_fd=from_folder, dst_dir_fd=to_folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        # No hard links either (vfat) or a folder: the look and the rename are two steps then.
        if _exists(to_folder, new):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new) from None
        os.rename(old, new, src_dir_fd=from_folder, dst_dir_fd=to_folder)
        return
    os.unlink(old, dir_fd=from_folder)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
