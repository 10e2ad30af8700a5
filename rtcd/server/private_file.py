"""Small files that only their owner may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rtcd.errors import RtcdError

MAX_PRIVATE_BYTES = 64 * 1024


def write_private(file: Path, text: str) -> None:
    """Write or replace a file of mode 0600, in one step.

    Raises:
        OSError: it could not be written.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(beside, flags, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    beside.replace(file)


def read_private(file: Path) -> str | None:
    """The text, None when there is no such file.

    Raises:
        RtcdError: others may read or write it, or it is a link.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RtcdError(f"{file} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(opened.fileno())
        if found.st_uid != os.getuid() or found.st_mode & 0o077 or not stat.S_ISREG(found.st_mode):
            raise RtcdError(
                f"{file} is not private to you",
                hint="Others may know what is in it. Remove it, then start again.",
            )
        return opened.read(MAX_PRIVATE_BYTES).decode(errors="replace")
