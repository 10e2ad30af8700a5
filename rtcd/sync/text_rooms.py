"""The text rooms of paired texts, on a host: somebody has the script itself open in JupyterLab.

Theory of operation. A text room of a paired script is one more editor of that file, and is served as
one: an ordinary binding of room and file, which writes what is typed and merges what comes. For the
notebook its writes are saves of the script like any other editor's; for the room the notebook's
writes are saves, too. Both look before they overwrite, and both change only what changed. There is
one such binding for a text, and only on a host: of several daemons that carried the same edit from
one document to the other, each would insert it once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rtcd.disk.file_stat import Snapshot
from rtcd.merge.merged import Overlap
from rtcd.merge.versions import Version
from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.ledger import Ledger, Sides
from rtcd.sync.local_file import LocalFile

if TYPE_CHECKING:
    from rtcd.sync.project import Project


class _RoomLedger(Ledger):
    """The notebook keeps the memory of both its faces; a room has none of its own.

    The server made the room from the file, so what is on disk is what both had.
    """

    file: LocalFile

    def record(self, snapshot: Snapshot, *, by: str, source: str) -> None:
        """The text's versions are recorded where it is paired."""

    def base_bytes(self, session_id: str, pulled_state: bytes) -> tuple[bytes | None, bool]:
        """What is on disk."""
        del session_id, pulled_state
        return (self.file.snapshot.data if self.file.snapshot else None), True

    def versions_on_disk(self, since: float | None = None) -> list[Version]:
        """None that a room could have been made from."""
        del since
        return []

    def mark(self, snapshot: Snapshot, **_: object) -> None:
        """The bookmark is that of the pair."""

    def record_conflicts(self, overlaps: Iterable[Overlap], sides: Sides) -> int:
        """Choices between room and text are those of the notebook's merge, and recorded there."""
        del overlaps, sides
        return 0


class TextRooms:
    """The bindings of text rooms whose file is a paired text."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._bindings: dict[ProjectPath, Binding] = {}

    def get(self, path: ProjectPath) -> Binding | None:
        """The binding of an open text room."""
        return self._bindings.get(path)

    def joined(self, path: ProjectPath) -> None:
        """Somebody is in the text room of a paired text."""
        if path not in self._bindings:
            project = self._project
            binding = Binding(
                path,
                "text",
                disk=project.disk,
                rooms=project.link,
                history=project.history,
                clock=project.clock,
                on_change=project.note_change,
                user=project.link.user["name"],
            )
            ledger = _RoomLedger(path, "text", project.history, project.clock)
            ledger.file = binding.file
            binding.remember_in(ledger)
            self._bindings[path] = binding
            project.activate(path)
            project.spawn(self._run(path, binding), problem_path=path)

    async def _run(self, path: ProjectPath, binding: Binding) -> None:
        try:
            await binding.run()
        finally:
            if self._bindings.get(path) is binding:
                del self._bindings[path]

    def file_seen(self, snapshot: Snapshot) -> None:
        """The text on disk was read: a save for the room, if it is news."""
        binding = self._bindings.get(snapshot.path)
        if binding is not None:
            binding.disk_changed(snapshot)

    def close(self) -> None:
        """Leave all rooms."""
        for binding in list(self._bindings.values()):
            binding.close()
