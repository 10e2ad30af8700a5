"""What is remembered of one file across restarts: versions, the base, conflicts."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from rtcd.conflict import Conflict, Side, conflict_id
from rtcd.content import Kind
from rtcd.crdt.state_vector import covers
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import parse
from rtcd.errors import HeldError
from rtcd.history.bookmark import Bookmark
from rtcd.history.history import History
from rtcd.merge.merged import Overlap
from rtcd.merge.versions import KEEP, Version
from rtcd.project_path import ProjectPath
from rtcd.sync.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Who the two sides of a merge are, and their whole files (None: deleted)."""

    disk_by: str
    shared_by: str
    disk: bytes | None = None
    shared: bytes | None = None
    merged: bytes | None = None


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
            str(self.path),
            snapshot.data,
            by=by,
            source=source,
            at=self._clock(),
            digest=snapshot.digest,
        )
        self._recorded = snapshot.digest

    def versions_on_disk(self, since: float | None = None) -> list[Version]:
        """The last versions that were on this disk, oldest first.

        A save is taken to be made from the version before it; the history does not know better.

        Args:
            since: seconds since the epoch: only from then on, and what was there at that moment.
        """
        infos = self._history.versions(str(self.path))
        if since is not None:
            before = [info for info in infos if info.at < since][-1:]
            infos = [*before, *(info for info in infos if info.at >= since)]
        found: list[Version] = []
        for info in infos[-KEEP:]:
            data = self._history.blob(info.digest)
            with suppress(HeldError):
                if data is not None:
                    content = parse(self._kind, data)
                    saved = info.source == "disk"
                    number = len(found)
                    base = number - 1 if saved and number else None
                    found.append(Version(number, content, None, saved, None, info.at, base))
        return found

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

    def both_had(self, snapshot: Snapshot) -> bool:
        """True when disk and server both had just these bytes."""
        mark = self._history.bookmark(str(self.path))
        return mark is not None and mark.base_digest == snapshot.digest and bool(mark.server_hash)

    def is_of_another_server(self, session_id: str) -> bool:
        """The server has started anew since the last common version was marked."""
        mark = self._history.bookmark(str(self.path))
        return mark is not None and mark.session_id not in (None, session_id)

    def known_size(self) -> int:
        """How many bytes the file had when disk and room were together last."""
        mark = self._history.bookmark(str(self.path))
        return 0 if mark is None else mark.disk_size

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
            self._history.put_blob(snapshot.data, snapshot.digest)
            self._history.set_bookmark(new)

    def record_conflicts(self, overlaps: Iterable[Overlap], sides: Sides) -> int:
        """Keep choices for review, before they take effect; returns how many are new."""
        found = tuple(overlaps)
        if not found:
            return 0
        disk, shared, merged = (
            None if data is None else self._history.put_blob(data)
            for data in (sides.disk, sides.shared, sides.merged)
        )
        return sum(
            self._history.add_conflict(
                Conflict(
                    id=self._id(overlap),
                    path=str(self.path),
                    cell=overlap.cell,
                    reason=overlap.reason,
                    created=self._clock(),
                    disk=Side(sides.disk_by, overlap.ours),
                    shared=Side(sides.shared_by, overlap.theirs),
                    base=overlap.base,
                    merged=overlap.merged,
                    disk_blob=disk,
                    shared_blob=shared,
                    merged_blob=merged,
                    why=overlap.why,
                )
            )
            for overlap in found
        )

    def _id(self, overlap: Overlap) -> str:
        return conflict_id(
            str(self.path),
            overlap.cell,
            overlap.reason,
            overlap.ours,
            overlap.theirs,
            overlap.base,
        )

    def open_conflicts(self) -> int:
        """How many conflicts of this file wait for review."""
        return sum(conflict.path == str(self.path) for conflict in self._history.conflicts())
