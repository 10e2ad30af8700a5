"""``Document``: the shared document of one file, of whatever kind, as its content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from rtcd.content import Content, Kind
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.diff.edits import TextEdit

ROOM_TYPES: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {"text": ("text", "file"), "notebook": ("json", "notebook")}
)
"""Format and type under which the server opens a room for a document of that kind."""


class Document(Protocol):
    """A shared document in the schema that JupyterLab and ``jupyter_ydoc`` know.

    Attributes:
        kind: ``text`` or ``notebook``.
        shared: the CRDT document underneath.
    """

    kind: Kind
    shared: SharedDoc

    def content(self) -> Content:
        """What the document holds now; never changes it, and costs little when nothing changed."""
        ...

    def become(
        self,
        new: Content,
        *,
        origin: str = "disk",
        touched: frozenset[str] = frozenset(),
        edits: Sequence[TextEdit] | None = None,
    ) -> None:
        """Make the smallest honest edit from ``content()`` to ``new``, in one transaction.

        Cells of a notebook that are matched keep the ids the document knows.

        Args:
            new: what the document shall hold.
            origin: told to observers of the transaction.
            touched: ids of cells that others edited lately and that should rather not move.
            edits: of a text, what leads to ``new``, where that is known already.

        Raises:
            ApplyError: the document does not hold ``new`` afterwards; throw it away.
        """
        ...

    def saved_hash(self) -> str | None:
        """The digest of the file that was last saved from this document, where one is known."""
        ...

    def is_dirty(self) -> bool:
        """True while somebody claims that the document has unsaved changes."""
        ...

    def mark_saved(self, digest: str) -> None:
        """Tell everybody that the document is on disk as the file with this sha256 (hex)."""
        ...

    def fork(self) -> Document:
        """A second document in the same state with its own client id."""
        ...
