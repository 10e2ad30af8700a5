"""From a kind to its document."""

from __future__ import annotations

from rtcd.content import Kind
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.document import ROOM_TYPES, Document
from rtcd.documents.text_document import TextDocument

__all__ = ["ROOM_TYPES", "new_document", "open_document"]


def new_document(kind: Kind) -> Document:
    """An empty document of that kind."""
    return open_document(kind, SharedDoc())


def open_document(kind: Kind, shared: SharedDoc) -> Document:
    """The document of that kind over an existing CRDT document; adds nothing to it."""
    if kind == "text":
        return TextDocument(shared)
    # Text files are the common case, and the notebook's machinery is large.
    from rtcd.documents.notebook_document import NotebookDocument

    return NotebookDocument(shared)
