"""``History``: versions, conflicts and bookmarks of all files of one project."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from rtcd.conflict import Conflict, Status
from rtcd.errors import HistoryError
from rtcd.history.blobs import Blobs
from rtcd.history.bookmark import Bookmark
from rtcd.history.conflict_record import pack_conflict, unpack_conflict
from rtcd.history.database import open_database, open_for_reading, sentences, transaction
from rtcd.history.eviction import keep_below, thin_out
from rtcd.history.server_files import ServerFiles
from rtcd.history.version_info import VersionInfo

VERSIONS_PER_PATH = 200
MAX_STORED_BYTES = 480 * 1024 * 1024
"""Of contents, compressed: with everything around them the file stays below 512 MB."""

VERSION_COLUMNS = "path, number, digest, size, at, author, source"
CONFLICT_COLUMNS = "body, path, status, resolution"
BOOKMARK_COLUMNS = (
    "path, kind, file_id, base_digest, server_hash, session_id, state_vector, continuing_digest,"
    " disk_size, disk_mtime_ns"
)
IS_AT_OR_BELOW = "(path = :old OR substr(path, 1, length(:old) + 1) = :old || '/')"
MOVED = ":new || substr(path, length(:old) + 1)"


class History:
    """One project's history; every call is one short transaction.

    Opened for writing by one daemon at a time; readers may open it read-only beside.

    Attributes:
        moved_aside: where a damaged database was put when this one was opened.
        server_files: what the server's files were when they were last compared.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        moved_aside: Path | None = None,
        versions_per_path: int = VERSIONS_PER_PATH,
        max_stored_bytes: int = MAX_STORED_BYTES,
    ) -> None:
        self._connection = connection
        self._blobs = Blobs(connection)
        self._versions_per_path = versions_per_path
        self._max_stored_bytes = max_stored_bytes
        self.server_files = ServerFiles(connection)
        self.moved_aside = moved_aside

    @classmethod
    def open(
        cls,
        file: Path,
        *,
        read_only: bool = False,
        versions_per_path: int = VERSIONS_PER_PATH,
        max_stored_bytes: int = MAX_STORED_BYTES,
    ) -> Self:
        """Open or begin the history in ``file``; a damaged one is moved aside.

        Args:
            file: the database (``Places.database``); its folder must exist.
            read_only: for reading beside the daemon; no file means an empty history.
            versions_per_path: how many versions of a file are kept.
            max_stored_bytes: how much is kept in all, compressed.

        Raises:
            HistoryError: it cannot be opened; damaged and ``read_only``.
        """
        aside = None
        with sentences():
            if read_only:
                connection = open_for_reading(file)
            else:
                connection, aside = open_database(file)
            history = cls(
                connection,
                moved_aside=aside,
                versions_per_path=versions_per_path,
                max_stored_bytes=max_stored_bytes,
            )
            if not read_only:
                with transaction(connection):
                    history._blobs.release_orphans()
        return history

    @property
    def was_damaged(self) -> bool:
        """True when the database found at opening could not be used and a new one was begun."""
        return self.moved_aside is not None

    @property
    def stored_bytes(self) -> int:
        """How much the kept contents take, compressed."""
        return self._blobs.stored_bytes

    def close(self) -> None:
        """Close the file; no call is allowed afterwards."""
        self._connection.close()

    # Versions

    def record_version(
        self,
        path: str,
        data: bytes,
        *,
        by: str,
        source: str,
        at: float,
        digest: str | None = None,
    ) -> VersionInfo:
        """Keep a content of a file; the newest version itself when it has just these bytes.

        Args:
            path: the project path.
            data: the file's bytes.
            by: the name of who made it.
            source: see ``VersionInfo``; what it was about may follow behind a blank.
            at: seconds since the epoch.
            digest: that of the bytes (sha256, hex), if it is known already.
        """
        with self._changing():
            digest = self._blobs.put(data, digest)
            newest = self._newest(path)
            if newest is not None and newest.digest == digest:
                return newest
            number = self._next_number(path)
            self._connection.execute(
                f"INSERT INTO versions ({VERSION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (path, number, digest, len(data), at, _storable(by), source),
            )
            self._thin_out(path)
            keep_below(self._connection, self._blobs, self._max_stored_bytes, spare=digest)
        return _version((path, number, digest, len(data), at, _storable(by), source))

    def versions(self, path: str) -> list[VersionInfo]:
        """All kept versions of a file, oldest first."""
        rows = self._rows(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE path = ? ORDER BY number", (path,)
        )
        return [_version(row) for row in rows]

    def version(self, path: str, number: int) -> VersionInfo | None:
        """One version, or None when there is none of that number (any more)."""
        rows = self._rows(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE path = ? AND number = ?", (path, number)
        )
        return _version(rows[0]) if rows else None

    def paths(self) -> list[str]:
        """All paths of which a version is kept, sorted."""
        return [row[0] for row in self._rows("SELECT DISTINCT path FROM versions ORDER BY path")]

    def blob(self, digest: str) -> bytes | None:
        """The bytes of that sha256 (hex), or None when they are not kept (any more)."""
        with sentences():
            return self._blobs.get(digest)

    def put_blob(self, data: bytes, digest: str | None = None) -> str:
        """Keep bytes that a bookmark or conflict is about to name; their digest.

        What nothing names by the next start is deleted then.
        """
        with self._changing():
            return self._blobs.put(data, digest)

    # Conflicts

    def add_conflict(self, conflict: Conflict) -> bool:
        """Record a conflict; False when the same one is there already, open or resolved."""
        row = (
            conflict.id,
            conflict.path,
            conflict.created,
            conflict.status,
            conflict.resolution,
            conflict.disk_blob,
            conflict.shared_blob,
            conflict.merged_blob,
            pack_conflict(conflict),
        )
        with self._changing():
            added = self._connection.execute(
                "INSERT INTO conflicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                row,
            )
            return added.rowcount == 1

    def conflicts(self, *, include_resolved: bool = False) -> list[Conflict]:
        """The open conflicts, or all of them, newest first."""
        where = "" if include_resolved else "WHERE status = 'open'"
        rows = self._rows(
            f"SELECT {CONFLICT_COLUMNS} FROM conflicts {where} ORDER BY created DESC, id"
        )
        return [_conflict(row) for row in rows]

    def conflict(self, id: str) -> Conflict | None:
        """One conflict by its id."""
        rows = self._rows(f"SELECT {CONFLICT_COLUMNS} FROM conflicts WHERE id = ?", (id,))
        return _conflict(rows[0]) if rows else None

    def set_conflict_status(self, id: str, status: Status, resolution: str | None) -> None:
        """Settle a conflict or open it again.

        Raises:
            HistoryError: there is none of that id.
        """
        with self._changing():
            changed = self._connection.execute(
                "UPDATE conflicts SET status = ?, resolution = ? WHERE id = ?",
                (status, resolution, id),
            )
            if changed.rowcount == 0:
                raise HistoryError(f"there is no conflict {id}", hint="See: rtcd conflicts --all")

    # Bookmarks

    def bookmark(self, path: str) -> Bookmark | None:
        """Where the file's synchronization stood, or None for a file not known."""
        rows = self._rows(f"SELECT {BOOKMARK_COLUMNS} FROM bookmarks WHERE path = ?", (path,))
        return _bookmark(rows[0]) if rows else None

    def bookmarks(self) -> list[Bookmark]:
        """All bookmarks by path."""
        rows = self._rows(f"SELECT {BOOKMARK_COLUMNS} FROM bookmarks ORDER BY path")
        return [_bookmark(row) for row in rows]

    def set_bookmark(self, bookmark: Bookmark) -> None:
        """Put a bookmark in the place of the one for the same path.

        Raises:
            HistoryError: the bytes of its base are not kept; ``put_blob`` or ``record_version``
                has to come first.
        """
        with self._changing():
            self._demand_blob(bookmark.base_digest)
            if bookmark.continuing_digest is not None:
                self._demand_blob(bookmark.continuing_digest)
            before = self._named_by_bookmark(bookmark.path)
            self._connection.execute(
                f"INSERT OR REPLACE INTO bookmarks ({BOOKMARK_COLUMNS})"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _bookmark_row(bookmark),
            )
            self._blobs.release(before)

    def forget(self, path: str) -> None:
        """Drop a file's bookmark; its versions and conflicts stay."""
        with self._changing():
            before = self._named_by_bookmark(path)
            self._connection.execute("DELETE FROM bookmarks WHERE path = ?", (path,))
            self._blobs.release(before)

    def move(self, old: str, new: str) -> None:
        """Everything about a file, or about all files of a folder, follows it to a new name.

        Versions that the new name already had stay; those that come get numbers behind them. A
        bookmark of the new name is replaced.
        """
        if old == new:
            return
        names = {"old": old, "new": new}
        with self._changing():
            for (path,) in self._connection.execute(
                f"SELECT path FROM numbers WHERE {IS_AT_OR_BELOW}", names
            ).fetchall():
                self._move_versions(path, new + path[len(old) :])
            self._connection.execute(
                f"UPDATE conflicts SET path = {MOVED} WHERE {IS_AT_OR_BELOW}", names
            )
            self._connection.execute(
                f"UPDATE OR REPLACE bookmarks SET path = {MOVED} WHERE {IS_AT_OR_BELOW}", names
            )

    # Anything else

    def meta(self, key: str) -> str | None:
        """A small value stored under a key, or None."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def set_meta(self, key: str, value: str) -> None:
        """Store a small value; never a secret."""
        with self._changing():
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            with transaction(self._connection):
                yield
        except BaseException:
            # What was counted in has been rolled back.
            with suppress(sqlite3.Error):
                self._blobs.recount()
            raise

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with sentences():
            return self._connection.execute(statement, values).fetchall()

    def _thin_out(self, path: str) -> None:
        count = self._rows("SELECT COUNT(*) FROM versions WHERE path = ?", (path,))[0][0]
        if count > self._versions_per_path:
            thin_out(self._connection, self._blobs, path, self._versions_per_path)

    def _newest(self, path: str) -> VersionInfo | None:
        rows = self._rows(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE path = ? ORDER BY number DESC LIMIT 1",
            (path,),
        )
        return _version(rows[0]) if rows else None

    def _next_number(self, path: str) -> int:
        row = self._connection.execute(
            "INSERT INTO numbers VALUES (?, 1) ON CONFLICT DO UPDATE SET last = last + 1"
            " RETURNING last",
            (path,),
        ).fetchall()[0]
        return int(row[0])

    def _move_versions(self, old: str, new: str) -> None:
        last_row = self._rows("SELECT last FROM numbers WHERE path = ?", (new,))
        behind = int(last_row[0][0]) if last_row else 0
        self._connection.execute(
            "UPDATE versions SET path = ?, number = number + ? WHERE path = ?", (new, behind, old)
        )
        self._connection.execute(
            "INSERT INTO numbers SELECT ?, last + ? FROM numbers WHERE path = ?"
            " ON CONFLICT DO UPDATE SET last = excluded.last",
            (new, behind, old),
        )
        self._connection.execute("DELETE FROM numbers WHERE path = ?", (old,))

    def _named_by_bookmark(self, path: str) -> list[str | None]:
        rows = self._rows(
            "SELECT base_digest, continuing_digest FROM bookmarks WHERE path = ?", (path,)
        )
        return list(rows[0]) if rows else []

    def _demand_blob(self, digest: str) -> None:
        if not self._rows("SELECT 1 FROM blobs WHERE digest = ?", (digest,)):
            raise HistoryError(f"a bookmark names bytes that are not kept ({digest[:12]})")


def _storable(name: str) -> str:
    """Names come from other people's browsers; SQLite takes no lone surrogates."""
    return name.encode("utf-8", "replace").decode()


def _version(row: tuple[Any, ...]) -> VersionInfo:
    path, number, digest, size, at, by, source = row
    word, _, about = source.partition(" ")
    return VersionInfo(path, number, digest, size=size, at=at, by=by, source=word, about=about)


def _conflict(row: tuple[Any, ...]) -> Conflict:
    body, path, status, resolution = row
    return unpack_conflict(body, path=path, status=status, resolution=resolution)


def _bookmark_row(bookmark: Bookmark) -> tuple[object, ...]:
    return (
        bookmark.path,
        bookmark.kind,
        bookmark.file_id,
        bookmark.base_digest,
        bookmark.server_hash,
        bookmark.session_id,
        bookmark.state_vector,
        bookmark.continuing_digest,
        bookmark.disk_size,
        bookmark.disk_mtime_ns,
    )


def _bookmark(row: tuple[Any, ...]) -> Bookmark:
    path, kind, file_id, base, server_hash, session, vector, continuing, size, mtime_ns = row
    return Bookmark(
        path,
        kind,
        file_id,
        base_digest=base,
        server_hash=server_hash,
        session_id=session,
        state_vector=vector,
        continuing_digest=continuing,
        disk_size=size,
        disk_mtime_ns=mtime_ns,
    )
