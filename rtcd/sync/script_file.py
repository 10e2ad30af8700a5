"""A paired text on disk: its bytes, and the hold when they cannot be read as a notebook."""

from __future__ import annotations

from rtcd.content import Content, NotebookContent, TextContent
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import format_content
from rtcd.errors import HeldError
from rtcd.paired.replica import ScriptReplica
from rtcd.project_path import ProjectPath
from rtcd.sync.local_file import LocalFile
from rtcd.sync.ports import Disk


class ScriptFile(LocalFile):
    """The text face of a notebook; what its bytes mean the replica knows, while there is one."""

    def __init__(self, path: ProjectPath, disk: Disk) -> None:
        super().__init__(path, "text", disk)
        self._replica: ScriptReplica | None = None

    def follow(self, replica: ScriptReplica) -> None:
        """Read and write as this replica says from now on."""
        self._replica = replica

    def accept(self, snapshot: Snapshot) -> Content | None:
        """Take bytes that are on disk now; None, and a hold, when they are no such text."""
        before = self.snapshot
        content = super().accept(snapshot)
        if content is None:
            return None
        assert isinstance(content, TextContent)
        try:
            if before is not None and before.data.strip() and not content.text.strip():
                raise emptied(self.path)
            if self._replica is not None:
                self._replica.read(content.text)
        except HeldError as error:
            self.hold = error
            self.snapshot = before
            return None
        return content

    def bytes_for(self, content: Content) -> bytes:
        """The text of a notebook in this file's own style."""
        if isinstance(content, NotebookContent):
            assert self._replica is not None
            content = TextContent(self._replica.pairing_for(content).script.text)
        return format_content("text", content, self.snapshot.data if self.snapshot else None)


def emptied(path: ProjectPath) -> HeldError:
    """The hold for a text that is blank: that is hardly ever the wish to delete every cell."""
    return HeldError(
        f"{path} is empty; the notebook it is paired with was left as it is",
        hint=f"Put its text back (`rtcd history {path}`), or delete the file and it stays away.",
        code="script-emptied",
    )
