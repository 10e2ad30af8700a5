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
    lines = data.splitlines(keepends=True) if b"\n" in data else [data]
    usual = max(1, len(data) // max(1, len(lines)))
    # One line in so many ends a piece; a power of two, so that it rarely changes with the content.
    share = 1 << max(0, (MIDDLE_BYTES // usual).bit_length() - 1)
    begin = place = 0
    for line in lines:
        is_long = len(line) >= MIDDLE_BYTES
        if is_long and place > begin:
            yield data[begin:place]
            begin = place
        place += len(line)
        if is_long or place - begin >= LARGEST_BYTES or not zlib.crc32(line) % share:
            yield from _no_larger(data, begin, place)
            begin = place
    yield from _no_larger(data, begin, place)


def _no_larger(data: bytes, begin: int, end: int) -> Iterator[bytes]:
    for start in range(begin, end, LARGEST_BYTES):
        yield data[start : min(end, start + LARGEST_BYTES)]


class Chunks:
    """The table of pieces; changes belong into the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, data: bytes) -> tuple[bytes, int]:
        """Store all pieces; their names behind each other, and how many bytes are stored anew."""
        names, added = [], 0
        for piece in pieces_of(data):
            name = hashlib.blake2b(piece, digest_size=NAME_BYTES).digest()
            names.append(name)
            known = self._connection.execute(
                "UPDATE chunks SET uses = uses + 1 WHERE name = ? RETURNING 1", (name,)
            ).fetchall()
            if not known:
                packed = _packed(piece)
                self._connection.execute("INSERT INTO chunks VALUES (?, 1, ?)", (name, packed))
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
            self._connection.execute("UPDATE chunks SET uses = uses - 1 WHERE name = ?", (name,))
            gone = self._connection.execute(
                "DELETE FROM chunks WHERE name = ? AND uses <= 0 RETURNING LENGTH(data)", (name,)
            ).fetchall()
            freed += sum(row[0] for row in gone)
        return freed

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
