"""``ShareState``: whether the project is shared on the network, remembered over restarts."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from rtcd.places import Places, make_private_folder
from rtcd.server.private_file import read_private, write_private

KEY_BYTES = 16
MARK_DIGITS = 16


def share_folder(places: Places) -> Path:
    """Certificate, guests and state of the share; private."""
    return places.state / "share"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareState:
    """``port`` stays the same over restarts (0: not chosen yet).

    ``key`` (hex) is known to the host and its guests only: by it they recognise the project's
    announcements, which tell nobody else anything.
    """

    is_on: bool = False
    port: int = 0
    key: str = ""
    host: str = ""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What was written; a new state with a new key when there is nothing.

        Raises:
            RtcdError: others may read it.
        """
        text = read_private(folder / "share.json")
        try:
            value = json.loads(text or "")
            found = cls(
                is_on=bool(value["is_on"]),
                port=int(value["port"]),
                key=str(value["key"]),
                host=str(value["host"]),
            )
            bytes.fromhex(found.key)
        except (ValueError, KeyError, TypeError):
            return cls(key=secrets.token_hex(KEY_BYTES))
        return found if found.key else replace(found, key=secrets.token_hex(KEY_BYTES))

    def write(self, folder: Path) -> None:
        """Keep it.

        Raises:
            OSError: it could not be written.
        """
        make_private_folder(folder)
        write_private(folder / "share.json", json.dumps(asdict(self)))


def mark_of(key: str, instance: str) -> str:
    """What members recognise an announcement by: it differs for each announcement (hex)."""
    digest = hmac.digest(bytes.fromhex(key), b"rtcd announcement " + instance.encode(), "sha256")
    return digest.hex()[:MARK_DIGITS]
