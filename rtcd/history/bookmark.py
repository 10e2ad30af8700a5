"""``Bookmark``: where the synchronization of one file stood, so that a restart can go on."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from rtcd.content import Kind


@dataclass(frozen=True, slots=True)
class Bookmark:
    """What the next daemon has to know about a file.

    Attributes:
        path: the project path.
        kind: ``text`` or ``notebook``.
        file_id: the server's id of the file.
        base_digest: digest of the bytes last known to be saved on both sides (D4); they are kept
            in the history as long as the bookmark names them.
        server_hash: sha256 (hex) of the server's file at that time.
        session_id: the server session in which the room's state was seen.
        state_vector: what the room had been given of us, and we of it.
        continuing_digest: digest of the bytes that ``state_vector`` stands for, kept likewise.
        disk_size: size in bytes of the file on disk when it was last looked at.
        disk_mtime_ns: its modification time then, in nanoseconds.
    """

    path: str
    kind: Kind
    file_id: str | None
    _: KW_ONLY
    base_digest: str
    server_hash: str | None = None
    session_id: str | None = None
    state_vector: bytes | None = None
    continuing_digest: str | None = None
    disk_size: int
    disk_mtime_ns: int
