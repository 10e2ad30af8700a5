"""Contents of files, stored once by their sha256 and compressed."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterable

LARGE_BYTES = 256 * 1024
"""From this size on speed counts more than the last tenth of compression."""

IS_REFERRED_TO = """
    EXISTS (SELECT 1 FROM versions WHERE versions.digest = :digest)
    OR EXISTS (SELECT 1 FROM bookmarks WHERE :digest IN (base_digest, continuing_digest))
    OR EXISTS (SELECT 1 FROM conflicts WHERE :digest IN (disk_blob, shared_blob, merged_blob))
"""


class Blobs:
    """The table of contents; changes belong into the caller's transaction.

    Attributes:
        stored_bytes: the sum of the compressed sizes.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.stored_bytes = 0
        self.recount()

    def put(self, data: bytes) -> str:
        """Store bytes unless they are there already; the digest (sha256, hex)."""
        digest = hashlib.sha256(data).hexdigest()
        known = self._connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,))
        if known.fetchone() is None:
            packed = zlib.compress(data, 1 if len(data) >= LARGE_BYTES else 6)
            self._connection.execute(
                "INSERT INTO blobs VALUES (?, ?, ?, ?)", (digest, len(data), len(packed), packed)
            )
            self.stored_bytes += len(packed)
        return digest

    def get(self, digest: str) -> bytes | None:
        """The bytes, or None when they are not there or no longer what they were."""
        row = self._connection.execute(
            "SELECT data FROM blobs WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return None
        try:
            data = zlib.decompress(row[0])
        except zlib.error:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def release(self, digests: Iterable[str | None]) -> None:
        """Delete those that nothing refers to any more."""
        for digest in set(digests) - {None}:
            gone = self._connection.execute(
                f"DELETE FROM blobs WHERE digest = :digest AND NOT ({IS_REFERRED_TO})"
                " RETURNING stored",
                {"digest": digest},
            ).fetchall()
            self.stored_bytes -= sum(row[0] for row in gone)

    def release_orphans(self) -> None:
        """Delete everything that nothing refers to: left behind when a daemon was killed."""
        self._connection.execute(
            """DELETE FROM blobs WHERE digest NOT IN (
                SELECT digest FROM versions
                UNION SELECT base_digest FROM bookmarks
                UNION SELECT continuing_digest FROM bookmarks WHERE continuing_digest NOT NULL
                UNION SELECT disk_blob FROM conflicts WHERE disk_blob NOT NULL
                UNION SELECT shared_blob FROM conflicts WHERE shared_blob NOT NULL
                UNION SELECT merged_blob FROM conflicts WHERE merged_blob NOT NULL)"""
        )
        self.recount()

    def recount(self) -> None:
        """Sum the sizes up again, after a transaction was rolled back."""
        total = self._connection.execute("SELECT COALESCE(SUM(stored), 0) FROM blobs").fetchone()
        self.stored_bytes = int(total[0])
