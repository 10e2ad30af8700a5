"""What the server's files were when they were last compared: a start asks only for what changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from rtcd.history.database import sentences, transaction

TABLE = """
CREATE TABLE IF NOT EXISTS server_files (
    server TEXT NOT NULL, path TEXT NOT NULL, size INTEGER, modified REAL NOT NULL,
    hash TEXT NOT NULL, PRIMARY KEY (server, path)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file on the server: bytes, seconds since the epoch, and sha256 (hex) of its bytes.

    ``hash`` None: it was seen in a listing only.
    """

    size: int | None
    modified: float
    hash: str | None = None

    @property
    def is_distinct(self) -> bool:
        """True when any later save has another time: clocks of whole seconds can hide one."""
        return self.modified % 1 != 0


class ServerFiles:
    """The files of the one server that the folder was attached to last."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, server: str) -> dict[str, SeenFile]:
        """What is remembered of this server, by project path.

        Raises:
            HistoryError: the database could not be read.
        """
        with sentences():
            known = "SELECT 1 FROM sqlite_master WHERE name = 'server_files'"
            if self._connection.execute(known).fetchone() is None:
                return {}
            rows = self._connection.execute(
                "SELECT path, size, modified, hash FROM server_files WHERE server = ?", (server,)
            )
            return {path: SeenFile(*seen) for path, *seen in rows}

    def remember(self, server: str, files: Mapping[str, SeenFile]) -> None:
        """These in the place of all that was remembered.

        Raises:
            HistoryError: the database could not be written.
        """
        rows = (
            (server, path, seen.size, seen.modified, seen.hash)
            for path, seen in files.items()
            if seen.hash is not None and seen.is_distinct
        )
        with transaction(self._connection):
            self._connection.execute(TABLE)
            self._connection.execute("DELETE FROM server_files")
            self._connection.executemany("INSERT INTO server_files VALUES (?, ?, ?, ?, ?)", rows)
