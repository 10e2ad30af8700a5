"""The state database: one SQLite file, private to the user, moved aside when it is damaged.

Nothing in it is irreplaceable: without it every file is treated as new on both sides. So a
damaged database never stops the daemon; it is kept for a person to look at and a new one begun.
"""

from __future__ import annotations

import os
import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from rtcd.errors import HistoryError

SCHEMA_VERSION = 2
APPLICATION_ID = 0x72746364
"""``rtcd`` in ASCII: tells our database from somebody else's."""

BUSY_TIMEOUT_SECONDS = 10.0
COMPANIONS = ("", "-wal", "-shm")

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blobs (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, stored INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE TABLE chunks (name BLOB PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE chunk_uses (name BLOB PRIMARY KEY, uses INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE versions (
    path TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
    at REAL NOT NULL, author TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (path, number)
) WITHOUT ROWID;
CREATE INDEX versions_digest ON versions (digest);
CREATE INDEX versions_at ON versions (at);
CREATE TABLE numbers (path TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE conflicts (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, created REAL NOT NULL, status TEXT NOT NULL,
    resolution TEXT, disk_blob TEXT, shared_blob TEXT, merged_blob TEXT, body BLOB NOT NULL
);
CREATE TABLE bookmarks (
    path TEXT PRIMARY KEY, kind TEXT NOT NULL, file_id TEXT, base_digest TEXT NOT NULL,
    server_hash TEXT, session_id TEXT, state_vector BLOB, continuing_digest TEXT,
    disk_size INTEGER NOT NULL, disk_mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
"""


FROM_1 = """
CREATE TABLE chunks (name BLOB PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE chunk_uses (name BLOB PRIMARY KEY, uses INTEGER NOT NULL) WITHOUT ROWID;
"""
"""What a database of the first schema lacks."""


def open_database(file: Path) -> tuple[sqlite3.Connection, Path | None]:
    """The database for its one writer, and where a damaged one was moved, if there was one.

    Raises:
        HistoryError: the file cannot be opened, or is in use by another program.
    """
    try:
        return _prepared(file), None
    except sqlite3.OperationalError as error:
        # A full disk, a missing folder, a lock: the file itself may be sound.
        raise HistoryError(
            f"the history in {file} could not be opened: {error}",
            hint="Check free space and permissions of the folder.",
        ) from error
    except sqlite3.DatabaseError:
        aside = _move_aside(file)
        return _prepared(file), aside


def open_for_reading(file: Path) -> sqlite3.Connection:
    """The database while somebody else may be writing; an empty one when there is no file yet.

    Raises:
        HistoryError: it is damaged or of a newer version.
    """
    if not file.exists():
        connection = _connect(":memory:")
        connection.executescript(SCHEMA)
        return connection
    connection = _connect(f"file:{urllib.parse.quote(os.fspath(file))}?mode=ro")
    try:
        _check_ours(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise HistoryError(f"the history in {file} could not be read: {error}") from error
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing.

    Raises:
        HistoryError: the database could not be written.
    """
    with sentences():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise


@contextmanager
def sentences() -> Iterator[None]:
    """Turn errors of SQLite into ``HistoryError``."""
    try:
        yield
    except sqlite3.Error as error:
        raise HistoryError(
            f"the history could not be used: {error}",
            hint="Check free space; if it persists, stop rtcd and move .rtcd/state.db away.",
        ) from error


def _prepared(file: Path) -> sqlite3.Connection:
    # Made before SQLite does it, so that it is never readable for others, not even for a moment.
    with suppress(FileExistsError, OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = _connect(f"file:{urllib.parse.quote(os.fspath(file))}?mode=rw")
    try:
        if file.stat().st_size == 0:
            _create(connection)
        else:
            _upgrade(connection)
            _check_ours(connection)
            _check_sound(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(name: str) -> sqlite3.Connection:
    return sqlite3.connect(
        name,
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.executescript(
        f"BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID};"
        f" PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    )


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring a database of ours that an earlier rtcd has written to this schema."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (application, version) == (APPLICATION_ID, 1):
        connection.executescript(f"BEGIN; {FROM_1} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _check_ours(connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise sqlite3.DatabaseError("it is not a history of rtcd")
    if version != SCHEMA_VERSION:
        raise sqlite3.DatabaseError(f"it was written by another version of rtcd ({version})")


def _check_sound(connection: sqlite3.Connection) -> None:
    found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise sqlite3.DatabaseError(str(found[0]))


def _move_aside(file: Path) -> Path:
    """Rename the database with its journal, so that it can still be opened by hand."""
    aside = next(
        place
        for number in count(1)
        if not (place := file.with_name(f"{file.name}.damaged-{number}")).exists()
    )
    for ending in COMPANIONS:
        with suppress(FileNotFoundError):
            os.rename(f"{file}{ending}", f"{aside}{ending}")
    return aside
