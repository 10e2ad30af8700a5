"""What the history lets go when it grows over its limits, and what it never lets go.

A file's versions are thinned out: many of the last hour, fewer of last week. When the whole grows
too large, old versions and settled conflicts go, oldest first, a file's newest version last. What a
bookmark or an open conflict refers to stays whatever the size.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from rtcd.history.blobs import Blobs

BATCH = 64

YOUNG_SHARE = 5
"""One in so many versions of a file, the newest, is never thinned out."""

SAVED_WORTH = 4.0
"""What somebody saved or restored is worth so many pauses in the typing."""

VERSIONS = """
    SELECT number, digest, at, source,
        digest IN (SELECT base_digest FROM bookmarks WHERE path = :path)
        OR digest IN (
            SELECT continuing_digest FROM bookmarks
            WHERE path = :path AND continuing_digest NOT NULL)
        OR EXISTS (SELECT 1 FROM conflicts
            WHERE status = 'open' AND digest IN (disk_blob, shared_blob, merged_blob))
    FROM versions WHERE path = :path ORDER BY number
"""

CANDIDATES = """
    SELECT path, number, digest, NULL, NULL, NULL, NULL,
        number = (SELECT MAX(number) FROM versions AS other WHERE other.path = versions.path)
            AS is_newest, at AS age
    FROM versions
    WHERE digest != :spare
        AND digest NOT IN (SELECT base_digest FROM bookmarks)
        AND digest NOT IN (
            SELECT continuing_digest FROM bookmarks WHERE continuing_digest NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM conflicts
            WHERE status = 'open' AND digest IN (disk_blob, shared_blob, merged_blob))
    UNION ALL
    SELECT NULL, NULL, NULL, id, disk_blob, shared_blob, merged_blob, 0, created
    FROM conflicts WHERE status != 'open'
    ORDER BY is_newest, age LIMIT :batch
"""


def thin_out(connection: sqlite3.Connection, blobs: Blobs, path: str, keep: int) -> None:
    """Forget versions of one path until ``keep`` are left; what is protected is never forgotten.

    The newest fifth stays whole. Of the others those go first that have close neighbours in time
    for their age, so that a day's work stays in reach: minutes of the last hour, hours of last
    week. What was typed live goes sooner than what somebody saved.
    """
    versions = [_Kept(*row) for row in connection.execute(VERSIONS, {"path": path})]
    gone: list[str] = []
    while len(versions) > keep:
        young = max(1, keep // YOUNG_SHARE)
        old = range(len(versions) - young)
        free = [place for place in old if not versions[place].is_protected]
        if not free:
            break
        victim = versions.pop(min(free, key=lambda place: _worth(versions, place)))
        connection.execute(
            "DELETE FROM versions WHERE path = ? AND number = ?", (path, victim.number)
        )
        gone.append(victim.digest)
    blobs.release(gone)


class _Kept(NamedTuple):
    number: int
    digest: str
    at: float
    source: str
    is_protected: int


def _worth(versions: Sequence[_Kept], place: int) -> tuple[float, int]:
    """How much would be missed: the time between its neighbours, as a share of its age."""
    version = versions[place]
    before = versions[place - 1].at if place else version.at
    between = max(0.0, versions[place + 1].at - before)
    age = max(0.0, versions[-1].at - version.at)
    return between / (age + 1.0) * (1.0 if version.source == "room" else SAVED_WORTH), place


def keep_below(connection: sqlite3.Connection, blobs: Blobs, cap: int, *, spare: str) -> None:
    """Let go of the oldest until the stored bytes are below nine tenths of ``cap``.

    Args:
        connection: the database, in a transaction.
        blobs: its contents.
        cap: bytes, compressed; nothing happens below it.
        spare: the digest that has just been recorded; somebody is about to name it.
    """
    if blobs.stored_bytes <= cap:
        return
    # Somewhat below, so that not every record from now on has to evict one.
    while blobs.stored_bytes > cap * 9 // 10:
        rows = connection.execute(CANDIDATES, {"spare": spare, "batch": BATCH}).fetchall()
        if not rows:
            break
        for row in rows:
            _let_go(connection, blobs, row)
            if blobs.stored_bytes <= cap * 9 // 10:
                break
    connection.execute("PRAGMA incremental_vacuum").fetchall()


def _let_go(
    connection: sqlite3.Connection, blobs: Blobs, row: tuple[str | int | None, ...]
) -> None:
    path, number, digest, conflict, *conflict_blobs = row[:7]
    if conflict is None:
        connection.execute("DELETE FROM versions WHERE path = ? AND number = ?", (path, number))
        blobs.release([str(digest)])
    else:
        connection.execute("DELETE FROM conflicts WHERE id = ?", (conflict,))
        blobs.release(str(blob) for blob in conflict_blobs if blob is not None)
