"""What is remembered of one file across restarts: versions, the base, conflicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rtcd.conflict import Conflict, Side, conflict_id
from rtcd.content import Content, Kind, NotebookContent, TextContent
from rtcd.crdt.state_vector import covers
from rtcd.disk.file_stat import Snapshot
from rtcd.history.bookmark import Bookmark
from rtcd.history.history import History
from rtcd.merge.three_way import Overlap
from rtcd.project_path import ProjectPath
from rtcd.sync.ports import Clock


class Ledger:
    """The history of one file, in the words of its binding."""

    def __init__(self, path: ProjectPath, kind: Kind, history: History, clock: Clock) -> None:
        self.path = path
        self._kind = kind
        self._history = history
        self._clock = clock
        self._recorded: str | None = None

    def record(self, snapshot: Snapshot, *, by: str, source: str) -> None:
        """Keep a version that is on disk; the same bytes twice in a row are one version."""
        if snapshot.digest == self._recorded:
            return
        self._history.record_version(
            str(self.path), snapshot.data, by=by, source=source, at=self._clock()
        )
        self._recorded = snapshot.digest

    def base_bytes(self, session_id: str, pulled_state: bytes) -> tuple[bytes | None, bool]:
        """The last common version for a room that was just pulled, and whether the room goes on.

        The room goes on when it is in the same server process and holds every change that we
        held: then what we had is the base, saved or not. Else it is the last version that both
        sides are known to have saved.
        """
        mark = self._history.bookmark(str(self.path))
        if mark is None:
            return None, False
        if (
            mark.continuing_digest
            and mark.state_vector
            and mark.session_id == session_id
            and covers(pulled_state, mark.state_vector)
        ):
            data = self._history.blob(mark.continuing_digest)
            if data is not None:
                return data, True
        return self._history.blob(mark.base_digest), False

    def mark(
        self,
        snapshot: Snapshot,
        *,
        saved: bool,
        session_id: str | None = None,
        state_vector: bytes | None = None,
        file_id: str | None = None,
        server_hash: str | None = None,
    ) -> None:
        """Remember that disk and room agree on ``snapshot``; ``saved`` when both have saved it."""
        old = self._history.bookmark(str(self.path))
        if old is None:
            if not saved:
                return
            old = Bookmark(
                path=str(self.path),
                kind=self._kind,
                file_id=None,
                base_digest="",
                disk_size=0,
                disk_mtime_ns=0,
            )
        new = replace(
            old,
            file_id=file_id or old.file_id,
            disk_size=snapshot.stat.size,
            disk_mtime_ns=snapshot.stat.mtime_ns,
        )
        if saved:
            new = replace(
                new, base_digest=snapshot.digest, server_hash=server_hash or old.server_hash
            )
        if state_vector is not None:
            new = replace(
                new,
                session_id=session_id,
                state_vector=state_vector,
                continuing_digest=snapshot.digest,
            )
        if new != old:
            self._history.set_bookmark(new)

    def record_conflict(
        self,
        *,
        reason: str,
        disk: Side,
        shared: Side,
        base: str,
        merged: str,
        cell: str | None = None,
        disk_bytes: bytes | None = None,
    ) -> bool:
        """Keep a choice for review, before it takes effect; False when it is known already."""
        blob = self._history.put_blob(disk_bytes) if disk_bytes is not None else None
        return self._history.add_conflict(
            Conflict(
                id=conflict_id(str(self.path), cell, reason, disk.text, shared.text, base),
                path=str(self.path),
                cell=cell,
                reason=reason,
                created=self._clock(),
                disk=disk,
                shared=shared,
                base=base,
                merged=merged,
                disk_blob=blob,
            )
        )

    def record_overlaps(
        self, overlaps: Iterable[Overlap], *, disk_by: str, shared_by: str, disk_bytes: bytes
    ) -> int:
        """Keep what a merge found both sides to have changed; returns how many are new."""
        return sum(
            self.record_conflict(
                reason=overlap.reason,
                cell=overlap.cell,
                disk=Side(disk_by, overlap.ours),
                shared=Side(shared_by, overlap.theirs),
                base=overlap.base,
                merged=overlap.merged,
                disk_bytes=disk_bytes,
            )
            for overlap in overlaps
        )

    def open_conflicts(self) -> int:
        """How many conflicts of this file wait for review."""
        return sum(conflict.path == str(self.path) for conflict in self._history.conflicts())


def text_of(content: Content) -> str:
    """A whole side as one text: the file's text, or a notebook's sources one below the other."""
    if isinstance(content, TextContent):
        return content.text
    assert isinstance(content, NotebookContent)
    return "\n\n".join(cell.source for cell in content.cells)
