"""Two lists of edits of one text, merged by temporary CRDT documents as if made at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from rtcd.content import TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.diff.edits import TextEdit, apply_edits
from rtcd.documents.text_document import TextDocument

THEIRS_ID = 2
OURS_ID = 3
"""Client ids of the temporary documents; at one place the smaller one's text comes first."""


def merge_by_crdt(base: str, ours: Sequence[TextEdit], theirs: Sequence[TextEdit]) -> str:
    """Both lists of edits made in the base at the same time."""
    if not ours or not theirs:
        return apply_edits(base, ours or theirs)
    start = TextDocument(SharedDoc())
    start.become(TextContent(base))
    state = start.shared.update_since()
    merged = _side(state, THEIRS_ID, theirs)
    mine = _side(state, OURS_ID, ours)
    merged.shared.apply_update(mine.shared.update_since(start.shared.state_vector()))
    return merged.content().text


def _side(state: bytes, client_id: int, edits: Sequence[TextEdit]) -> TextDocument:
    shared = SharedDoc(client_id=client_id)
    shared.apply_update(state)
    document = TextDocument(shared)
    document.edit(edits)
    return document
