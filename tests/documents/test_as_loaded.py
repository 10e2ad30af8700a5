"""What the server took from the file when it made a room, and what people have typed since."""

from __future__ import annotations

import pytest

from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.as_loaded import LOADER, content_as_loaded
from rtcd.documents.document import Document
from rtcd.documents.open_document import open_document

TEXT = TextContent("one\ntwo\n")
NOTEBOOK = NotebookContent(cells=(Cell(id="a", cell_type="code", source="one"),))


def loaded(content: Content, *, client_id: int = LOADER) -> Document:
    document = open_document(content.kind, SharedDoc(client_id=client_id))
    document.become(content)
    return document


def typed_in(document: Document, content: Content) -> Document:
    person = open_document(document.kind, SharedDoc())
    person.shared.apply_update(document.shared.update_since())
    person.become(content)
    return person


@pytest.mark.parametrize("content", [TEXT, NOTEBOOK], ids=lambda content: content.kind)
def test_a_room_that_nobody_typed_in_is_as_it_was_loaded(content: Content) -> None:
    document = loaded(content)
    assert content_as_loaded(document) == document.content() == content


def test_what_people_typed_is_left_out() -> None:
    document = typed_in(loaded(TEXT), TextContent("one\ntyped\ntwo\n"))
    assert content_as_loaded(document) == TEXT
    assert document.content() == TextContent("one\ntyped\ntwo\n")


def test_a_stored_history_is_no_file() -> None:
    assert content_as_loaded(loaded(TEXT, client_id=7)) == TextContent("")
