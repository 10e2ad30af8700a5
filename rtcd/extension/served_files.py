"""The served folder's files as another folder's daemon wants them: many at once, with digests.

The contents API tells no digests in a listing, looks at each file on its own, and validates an event
for each look; and it has no "only if nobody has that name". Both are a few lines here, on the same
confined descriptors that the daemon uses.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rtcd.disk.folder import Folder
from rtcd.disk.raw_io import write_all
from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath

NAMELESS = getattr(os, "O_TMPFILE", 0)
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MAX_READ_BYTES = 256 * 1024
# Larger ones are asked for one by one, by those who want them.
MAX_HASHED_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
# A file changed so lately may change again without its times telling.
YOUNG_SECONDS = 2.0
MAX_DIGESTS = 100_000


class CannotHereError(RtcdError):
    """This folder or file system is one that only the contents API can deal with."""

    code = "cannot-here"


@dataclass(frozen=True, slots=True)
class ServedFile:
    """One name in a folder; ``size`` in bytes and ``hash`` (sha256, hex) are None for folders.

    ``last_modified`` in seconds since the epoch, to the microsecond, as the contents API rounds it.
    """

    name: str
    type: str
    size: int | None
    last_modified: float
    hash: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For the answer."""
        return asdict(self)


class ServedFiles:
    """Lists and creates files below the server's root. Every method blocks."""

    def __init__(self, root: Path, is_listed: Callable[[str], bool]) -> None:
        """``is_listed`` tells whether the server shows a name."""
        self._folder = Folder.open(root)
        self._is_listed = is_listed
        self._digests: dict[tuple[int, ...], str] = {}

    def close(self) -> None:
        """Give the folder's descriptor back."""
        self._folder.close()

    def list(self, path: ProjectPath | None) -> list[ServedFile]:
        """What a folder (None: the root) shows, in no order.

        Raises:
            CannotHereError: it is no folder, or a link leads there.
        """
        try:
            with self._folder.open_folder(path) as folder, os.scandir(folder) as entries:
                found = (self._look_at(folder, item) for item in entries)
                return [one for one in found if one is not None]
        except OSError as error:
            raise CannotHereError(f"{path or 'the root'} cannot be listed: {error}") from error

    def create(self, path: ProjectPath, data: bytes) -> ServedFile:
        """Make a file that holds ``data`` from its first moment, where nothing has the name.

        Raises:
            FileExistsError: something has it.
            CannotHereError: the folder is not there, or its file system has no nameless files.
        """
        if not NAMELESS:
            raise CannotHereError("this system has no nameless files")
        try:
            with self._folder.open_folder(path.parent) as parent:
                return self._create(parent, path.name, data)
        except FileExistsError:
            raise
        except OSError as error:
            raise CannotHereError(f"{path} cannot be made: {error}") from error

    def read(self, path: ProjectPath) -> bytes:
        """A small file's bytes.

        Raises:
            CannotHereError: it is none, it is large, or a link leads there.
        """
        try:
            with self._folder.open_folder(path.parent) as parent:
                fd = os.open(path.name, READING, dir_fd=parent)
            try:
                found = os.fstat(fd)
                if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_READ_BYTES:
                    raise CannotHereError(f"{path} is read in another way")
                return b"".join(iter(lambda: os.read(fd, CHUNK_BYTES), b""))
            finally:
                os.close(fd)
        except OSError as error:
            raise CannotHereError(f"{path} cannot be read: {error}") from error

    def _create(self, parent: int, name: str, data: bytes) -> ServedFile:
        fd = os.open(".", NAMELESS | os.O_RDWR | os.O_CLOEXEC, 0o666, dir_fd=parent)
        try:
            write_all(fd, data)
            os.fsync(fd)
            # A link never takes the place of what has the name (link(2): EEXIST).
            os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=parent, follow_symlinks=True)
            return _served(name, os.fstat(fd), hashlib.sha256(data).hexdigest())
        finally:
            os.close(fd)

    def _look_at(self, folder: int, item: os.DirEntry[str]) -> ServedFile | None:
        if not self._is_listed(item.name):
            return None
        try:
            item.name.encode()
            found = item.stat(follow_symlinks=False)
            is_folder, is_link = item.is_dir(), item.is_symlink()
        except (OSError, UnicodeEncodeError):
            return None
        if is_folder:
            return ServedFile(item.name, "directory", None, round(found.st_mtime, 6))
        if not item.is_file():
            return None
        is_told = not is_link and found.st_size <= MAX_HASHED_BYTES
        return _served(item.name, found, self._digest(folder, item.name) if is_told else None)

    def _digest(self, folder: int, name: str) -> str | None:
        """The digest of a file that is no link; None where it cannot be told."""
        try:
            fd = os.open(name, READING, dir_fd=folder)
        except OSError:
            return None
        try:
            before = _version(os.fstat(fd))
            known = self._digests.get(before)
            if known is not None:
                return known
            digest = _read_digest(fd)
            after = os.fstat(fd)
            if _version(after) != before:
                return None
            if len(self._digests) >= MAX_DIGESTS:
                self._digests.clear()
            if time.time() - after.st_ctime > YOUNG_SECONDS:
                self._digests[before] = digest
            return digest
        except OSError:
            return None
        finally:
            os.close(fd)


def _read_digest(fd: int) -> str:
    digest = hashlib.sha256()
    while chunk := os.read(fd, CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _version(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _served(name: str, found: os.stat_result, digest: str | None) -> ServedFile:
    kind = "notebook" if name.endswith(".ipynb") else "file"
    return ServedFile(name, kind, found.st_size, round(found.st_mtime, 6), digest)
