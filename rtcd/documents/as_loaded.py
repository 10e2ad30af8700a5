"""What a server made a room of, without what people typed there since."""

from __future__ import annotations

from rtcd.content import Content
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.state_vector import format_state_vector, parse_state_vector
from rtcd.documents.document import Document
from rtcd.documents.open_document import open_document

LOADER = 0
"""The client that jupyter-server-ydoc builds the document of a file as (3.0.4, rooms.py)."""


def content_as_loaded(document: Document) -> Content:
    """The content that the server took from the file when it made the room.

    Empty where the server took up the room's stored history instead. Deletions count as if they
    had been made before.
    """
    others = parse_state_vector(document.shared.state_vector())
    others.pop(LOADER, None)
    loaded = SharedDoc()
    loaded.apply_update(document.shared.update_since(format_state_vector(others)))
    return open_document(document.kind, loaded).content()
