"""Large contents in pieces that most versions have in common, each stored once. The cutting is pure.

A piece ends where its last line says so, and not after so many bytes: then an edit changes the pieces
that it is in, and no others (content-defined chunking, after Muthitacharoen, Chen, Mazieres: A
Low-bandwidth Network File System, 2001). A long line, such as an image in a notebook, is a piece.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator

MIDDLE_BYTES = 64 * 1024
"""About what a piece has; a line of this size is one by itself."""

LARGEST_BYTES = 1024 * 1024
NAME_BYTES = 20
SAMPLE_BYTES = 4096
WORTH_PACKING = 0.7
PACKED, PLAIN = b"z", b"p"


def pieces_of(data: bytes) -> Iterator[bytes]:
    """Cut ``data``; put together again the pieces are the same bytes."""
    usual = max(1, len(data) // (data.count(b"\n") + 1))
    # One line in so many ends a piece; a power of two, so that it rarely changes with the content.
    share = 1 << max(0, (MIDDLE_BYTES // usual).bit_length() - 1)
    begin = line = 0
    while line < len(data):
        end = data.find(b"\n", line) + 1 or len(data)
        is_long = end - line >= MIDDLE_BYTES
        if is_long and line > begin:
            yield data[begin:line]
            begin = line
        if is_long or end - begin >= LARGEST_BYTES or not zlib.crc32(data[line:end]) % share:
            yield from _no_larger(data, begin, end)
            begin = end
        line = end
    yield from _no_larger(data, begin, len(data))


def _no_larger(data: bytes, begin: int, end: int) -> Iterator[bytes]:
    for start in range(begin, end, LARGEST_BYTES):
        yield data[start : min(end, start + LARGEST_BYTES)]


class Chunks:
    """The table of pieces; changes belong into the caller's transaction.

    How often each is used stands in another one: SQLite writes a row anew as a whole.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, data: bytes) -> tuple[bytes, int]:
        """Store all pieces; their names behind each other, and how many bytes are stored anew."""
        names, added = [], 0
        for piece in pieces_of(data):
            name = hashlib.blake2b(piece, digest_size=NAME_BYTES).digest()
            names.append(name)
            uses = self._connection.execute(
                "INSERT INTO chunk_uses VALUES (?, 1) ON CONFLICT DO UPDATE SET uses = uses + 1"
                " RETURNING uses",
                (name,),
            ).fetchall()[0][0]
            if uses == 1:
                packed = _packed(piece)
                self._connection.execute("INSERT INTO chunks VALUES (?, ?)", (name, packed))
                added += len(packed)
        return b"".join(names), added

    def get(self, names: bytes) -> bytes | None:
        """The content whose pieces have these names; None when one is missing or damaged."""
        found = []
        for name in _each(names):
            row = self._connection.execute(
                "SELECT data FROM chunks WHERE name = ?", (name,)
            ).fetchone()
            if row is None:
                return None
            try:
                found.append(_unpacked(row[0]))
            except zlib.error:
                return None
        return b"".join(found)

    def release(self, names: bytes) -> int:
        """The content is not kept any more; how many bytes became free."""
        freed = 0
        for name in _each(names):
            left = self._connection.execute(
                "UPDATE chunk_uses SET uses = uses - 1 WHERE name = ? RETURNING uses", (name,)
            ).fetchall()
            if left == [(0,)]:
                freed += self._delete(name)
        return freed

    def _delete(self, name: bytes) -> int:
        self._connection.execute("DELETE FROM chunk_uses WHERE name = ?", (name,))
        gone = self._connection.execute(
            "DELETE FROM chunks WHERE name = ? RETURNING LENGTH(data)", (name,)
        ).fetchall()
        return sum(row[0] for row in gone)

    def stored_bytes(self) -> int:
        """What all pieces take."""
        row = self._connection.execute("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM chunks")
        return int(row.fetchone()[0])


def _each(names: bytes) -> Iterable[bytes]:
    return (names[place : place + NAME_BYTES] for place in range(0, len(names), NAME_BYTES))


def _packed(piece: bytes) -> bytes:
    """Compressed, unless it is of the kind that hardly gets smaller (images in base64)."""
    sample = piece[:SAMPLE_BYTES]
    if len(zlib.compress(sample, 1)) > WORTH_PACKING * len(sample):
        return PLAIN + piece
    return PACKED + zlib.compress(piece, 1)


def _unpacked(data: bytes) -> bytes:
    return data[1:] if data[:1] == PLAIN else zlib.decompress(data[1:])
