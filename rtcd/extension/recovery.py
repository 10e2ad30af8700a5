"""Copies of a room's content that could not be saved without overruling somebody."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from rtcd.places import INSIDE, make_private_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaved:
    """What a room holds and the disk does not.

    ``path`` is relative to the project folder, ``base`` the sha256 (hex) of the bytes that the
    room was last loaded from or saved as, None when the server never knew.
    """

    path: str
    room: str
    content: Any
    base: str | None

    def text(self) -> str:
        """The content as a file would hold it."""
        if isinstance(self.content, str):
            return self.content
        return json.dumps(self.content, ensure_ascii=False, indent=1) + "\n"

    def suffix(self) -> str:
        """The ending of the file's name, so that editors show the copy properly."""
        return PurePosixPath(self.path).suffix or ".txt"


def new_recovery_id() -> str:
    """A name for one recovery copy: 8 hex digits."""
    return secrets.token_hex(4)


def keep_copy(folder: Path, recovery_id: str, unsaved: Unsaved) -> Path:
    """Write ``<id><suffix>`` and ``<id>.json`` beside it, both of mode 0600; return the first.

    The same id again replaces both: a later content of the same room holds all of the earlier.

    Raises:
        OSError: they could not be written.
        RtcdError: the folder is not ours.
    """
    if folder.parent.name == INSIDE:
        _make_inside(folder.parent)
    make_private_folder(folder)
    suffix = unsaved.suffix()
    # The copy of a .json file must not be overwritten by the note about it.
    copy = folder / (f"{recovery_id}.copy{suffix}" if suffix == ".json" else recovery_id + suffix)
    note = {
        "path": unsaved.path,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "room": unsaved.room,
        "base": unsaved.base,
        "copy": copy.name,
    }
    _write_private(copy, unsaved.text().encode())
    _write_private(folder / f"{recovery_id}.json", json.dumps(note, indent=1).encode() + b"\n")
    return copy


def _make_inside(inside: Path) -> None:
    make_private_folder(inside)
    ignore = inside / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")


def _write_private(target: Path, data: bytes) -> None:
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(target)
