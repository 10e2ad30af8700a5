"""What the history lets go when it grows over its limits, and what it never lets go.

Old versions and settled conflicts go, oldest first, a file's newest version last. What a bookmark
or an open conflict refers to stays whatever the size.
"""

from __future__ import annotations

import sqlite3

from rtcd.history.blobs import Blobs

BATCH = 64

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


def keep_newest(connection: sqlite3.Connection, blobs: Blobs, path: str, keep: int) -> None:
    """Forget all but the newest ``keep`` versions of one path, and what is protected."""
    rows = connection.execute(
        """DELETE FROM versions WHERE path = :path
            AND number <= (SELECT number FROM versions WHERE path = :path
                ORDER BY number DESC LIMIT 1 OFFSET :keep)
            AND digest NOT IN (SELECT base_digest FROM bookmarks WHERE path = :path)
            AND NOT EXISTS (SELECT 1 FROM conflicts
                WHERE status = 'open' AND digest IN (disk_blob, shared_blob, merged_blob))
            RETURNING digest""",
        {"path": path, "keep": keep},
    ).fetchall()
    blobs.release(row[0] for row in rows)


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
