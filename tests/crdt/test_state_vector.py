"""Reading state vectors."""

from __future__ import annotations

import pytest

from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Text
from rtcd.crdt.state_vector import covers, format_state_vector, parse_state_vector
from rtcd.errors import UpdateRefusedError


def doc_with(text: str, client_id: int) -> SharedDoc:
    doc = SharedDoc(client_id=client_id)
    shared: Text = doc.raw.get("source", type=Text)
    with doc.transaction("test"):
        shared.insert(0, text)
    return doc


def test_the_clocks_are_those_that_pycrdt_wrote() -> None:
    doc = doc_with("a" * 300, client_id=2**40 + 5)
    doc.apply_update(doc_with("xyz", client_id=7).update_since())
    assert parse_state_vector(doc.state_vector()) == {2**40 + 5: 300, 7: 3}


def test_a_vector_is_written_as_it_was_read() -> None:
    doc = doc_with("a" * 300, client_id=2**40 + 5)
    assert format_state_vector({2**40 + 5: 300}) == doc.state_vector()
    assert parse_state_vector(format_state_vector({0: 1, 127: 128})) == {0: 1, 127: 128}


def test_an_empty_document_has_an_empty_vector() -> None:
    assert parse_state_vector(SharedDoc().state_vector()) == {}


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01", b"\x01\x80", b"\x02\x01\x01", b"\x00\x00", b"\xff\xff\xff\x7f", b"\x80" * 12],
    ids=repr,
)
def test_what_is_no_vector_is_refused(data: bytes) -> None:
    with pytest.raises(UpdateRefusedError):
        parse_state_vector(data)


def test_a_document_covers_itself_and_what_it_has_received_and_no_more() -> None:
    older = doc_with("abc", client_id=1)
    newer = older.fork()
    newer.apply_update(doc_with("def", client_id=2).update_since())
    assert covers(newer.state_vector(), older.state_vector())
    assert covers(newer.state_vector(), newer.state_vector())
    assert not covers(older.state_vector(), newer.state_vector())
