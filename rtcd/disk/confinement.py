"""Opening things below a folder descriptor so that no name and no link leads out of it.

The kernel checks every step (``openat2``); where it cannot, every name is opened on its own
without following links. Comparing path strings is no check: a folder can turn into a link
between the check and the use.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys

_SYS_OPENAT2 = 437
_RESOLVE_NO_XDEV = 0x01
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RESOLVE = _RESOLVE_NO_XDEV | _RESOLVE_NO_MAGICLINKS | _RESOLVE_NO_SYMLINKS | _RESOLVE_BENEATH

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class _OpenHow(ctypes.Structure):
    """``struct open_how`` of openat2(2)."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def _load_syscall() -> ctypes._NamedFuncPointer | None:
    if not sys.platform.startswith("linux"):
        return None
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    function.argtypes = (
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.POINTER(_OpenHow),
        ctypes.c_size_t,
    )
    return function


_syscall = _load_syscall()


def kernel_confines() -> bool:
    """True when this kernel has ``openat2`` (Linux 5.6)."""
    if _syscall is None:
        return False
    try:
        os.close(_openat2(os.open("/", FOLDER_FLAGS), ".", FOLDER_FLAGS, close_root=True))
    except OSError:
        return False
    return True


def _openat2(root: int, path: str, flags: int, *, close_root: bool = False) -> int:
    assert _syscall is not None
    how = _OpenHow(flags=flags, mode=0, resolve=_RESOLVE)
    try:
        while True:
            opened = int(_syscall(_SYS_OPENAT2, root, os.fsencode(path), how, ctypes.sizeof(how)))
            if opened >= 0:
                return opened
            code = ctypes.get_errno()
            if code not in (errno.EAGAIN, errno.EINTR):
                raise OSError(code, os.strerror(code), path)
    finally:
        if close_root:
            os.close(root)


def _open_by_steps(root: int, path: str, flags: int) -> int:
    """The same without the kernel's help: one name at a time, none of them a link."""
    device = os.fstat(root).st_dev
    names = [name for name in path.split("/") if name != "."]
    if ".." in names or "" in names:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    here = os.dup(root)
    try:
        for place, name in enumerate(names):
            last = place == len(names) - 1
            below = _step(here, name, flags if last else FOLDER_FLAGS)
            os.close(here)
            here = below
            if os.fstat(here).st_dev != device:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
        return os.dup(here)
    finally:
        os.close(here)


def _step(folder: int, name: str, flags: int) -> int:
    try:
        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        # With O_DIRECTORY a link is told as "not a directory"; the reason has to be the link.
        if error.errno == errno.ENOTDIR and _is_link(folder, name):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name) from None
        raise


def _is_link(folder: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


class Confinement:
    """One root descriptor and the way to open below it; does not own the descriptor."""

    def __init__(self, root: int, *, by_kernel: bool | None = None) -> None:
        self._root = root
        self.by_kernel = kernel_confines() if by_kernel is None else by_kernel

    def open(self, path: str, flags: int) -> int:
        """Open ``path`` (names joined by ``/``, ``.`` for the root) below the root.

        Raises:
            OSError: ELOOP where a link is in the way, EXDEV where it would lead out or onto
                another file system, else what ``open`` raises.
        """
        if self.by_kernel:
            # Without O_NOFOLLOW, which would tell a link to a folder as "not a directory".
            return _openat2(self._root, path, (flags | os.O_CLOEXEC) & ~os.O_NOFOLLOW)
        return _open_by_steps(self._root, path, flags | os.O_CLOEXEC)

    def open_folder(self, path: str) -> int:
        """Open a folder below the root."""
        return self.open(path, FOLDER_FLAGS)
