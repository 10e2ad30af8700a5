"""Contents of files, stored once by their sha256: small ones compressed, large ones in pieces (``chunks``)."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterable

from rtcd.history.chunks import Chunks

LARGE_BYTES = 256 * 1024
IN_PIECES = b"c"
"""Begins the names of pieces; compressed bytes begin otherwise (RFC 1950)."""

IS_REFERRED_TO = """
    EXISTS (SELECT 1 FROM versions WHERE versions.digest = :digest)
    OR EXISTS (SELECT 1 FROM bookmarks WHERE :digest IN (base_digest, continuing_digest))
    OR EXISTS (SELECT 1 FROM conflicts WHERE :digest IN (disk_blob, shared_blob, merged_blob))
"""


class Blobs:
    """The table of contents; changes belong into the caller's transaction.

    Attributes:
        stored_bytes: what all contents take.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._chunks = Chunks(connection)
        self.stored_bytes = 0
        self.recount()

    def put(self, data: bytes, digest: str | None = None) -> str:
        """Store bytes unless they are there already; the digest (sha256, hex), if not known already."""
        digest = digest or hashlib.sha256(data).hexdigest()
        known = self._connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,))
        if known.fetchone() is None:
            packed = self._in_pieces(data) if len(data) >= LARGE_BYTES else zlib.compress(data, 6)
            self._connection.execute(
                "INSERT INTO blobs VALUES (?, ?, ?, ?)", (digest, len(data), len(packed), packed)
            )
            self.stored_bytes += len(packed)
        return digest

    def _in_pieces(self, data: bytes) -> bytes:
        names, added = self._chunks.put(data)
        self.stored_bytes += added
        return IN_PIECES + names

    def get(self, digest: str) -> bytes | None:
        """The bytes, or None when they are not there or no longer what they were."""
        row = self._connection.execute(
            "SELECT data FROM blobs WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return None
        data = self._unpacked(row[0])
        if data is None:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def _unpacked(self, packed: bytes) -> bytes | None:
        if packed[:1] == IN_PIECES:
            return self._chunks.get(packed[1:])
        try:
            return zlib.decompress(packed)
        except zlib.error:
            return None

    def release(self, digests: Iterable[str | None]) -> None:
        """Delete those that nothing refers to any more."""
        for digest in set(digests) - {None}:
            gone = self._connection.execute(
                f"DELETE FROM blobs WHERE digest = :digest AND NOT ({IS_REFERRED_TO})"
                " RETURNING data",
                {"digest": digest},
            ).fetchall()
            self._are_gone(row[0] for row in gone)

    def _are_gone(self, all_packed: Iterable[bytes]) -> None:
        for packed in all_packed:
            self.stored_bytes -= len(packed)
            if packed[:1] == IN_PIECES:
                self.stored_bytes -= self._chunks.release(packed[1:])

    def release_orphans(self) -> None:
        """Delete everything that nothing refers to: left behind when a daemon was killed."""
        gone = self._connection.execute(
            """DELETE FROM blobs WHERE digest NOT IN (
                SELECT digest FROM versions
                UNION SELECT base_digest FROM bookmarks
                UNION SELECT continuing_digest FROM bookmarks WHERE continuing_digest NOT NULL
                UNION SELECT disk_blob FROM conflicts WHERE disk_blob NOT NULL
                UNION SELECT shared_blob FROM conflicts WHERE shared_blob NOT NULL
                UNION SELECT merged_blob FROM conflicts WHERE merged_blob NOT NULL)
                RETURNING data"""
        ).fetchall()
        self._are_gone(row[0] for row in gone)
        self.recount()

    def recount(self) -> None:
        """Sum the sizes up again, after a transaction was rolled back."""
        total = self._connection.execute("SELECT COALESCE(SUM(stored), 0) FROM blobs").fetchone()
        self.stored_bytes = int(total[0]) + self._chunks.stored_bytes()
