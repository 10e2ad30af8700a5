"""A text file as a shared document."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_ydoc import YUnicode

from rtcd.content import NotebookContent, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.state_vector import parse_state_vector
from rtcd.documents.open_document import ROOM_TYPES, new_document, open_document
from rtcd.documents.text_document import TextDocument
from rtcd.errors import ApplyError


def document(text: str) -> TextDocument:
    made = TextDocument(SharedDoc())
    made.become(TextContent(text))
    return made


def merged(mine: TextDocument, theirs: TextDocument) -> str:
    mine.shared.apply_update(theirs.shared.update_since(mine.shared.state_vector()))
    return mine.content().text


@given(st.lists(st.text(st.sampled_from("ab \n.é😀\0\r"), max_size=20), max_size=4))
def test_it_becomes_any_text(texts: list[str]) -> None:
    made = document("")
    for text in texts:
        made.become(TextContent(text))
        assert made.content() == TextContent(text)


def test_an_empty_document_holds_an_empty_text() -> None:
    assert new_document("text").content() == TextContent("")


def test_the_content_is_the_same_object_until_the_text_changes() -> None:
    mine = document("hello\n")
    theirs = mine.fork()
    before = mine.content()
    mine.mark_saved("abc")
    assert mine.content() is before
    theirs.become(TextContent("hello there\n"))
    assert merged(mine, theirs) == "hello there\n"


def test_what_two_people_change_in_different_words_stays() -> None:
    mine = document("one two three\nfour\n")
    theirs = mine.fork()
    mine.become(TextContent("ONE two three\nfour\nfive\n"))
    theirs.become(TextContent("one two 3\nfour\n"))
    assert merged(mine, theirs) == "ONE two 3\nfour\nfive\n"
    assert merged(theirs, mine) == "ONE two 3\nfour\nfive\n"


def test_lines_that_two_people_put_in_place_of_one_stay_two_lines() -> None:
    mine = document("first\nmiddle\nlast\n")
    theirs = mine.fork()
    mine.become(TextContent("first\nmy own\nlast\n"))
    theirs.become(TextContent("first\ntheir text\nlast\n"))
    assert sorted(merged(mine, theirs).splitlines()) == ["first", "last", "my own", "their text"]


def test_an_unchanged_text_makes_no_update() -> None:
    mine = document("hello\n")
    updates: list[bytes] = []
    mine.shared.on_update(lambda update, _: updates.append(update))
    mine.become(TextContent("hello\n"))
    assert updates == []


def test_an_edit_is_one_transaction_with_the_origin_given() -> None:
    mine = document("a b c d\n")
    origins: list[str | None] = []
    mine.shared.on_update(lambda _, origin: origins.append(origin))
    mine.become(TextContent("A b C d e\n"))
    mine.become(TextContent("A b\n"), origin="merge")
    assert origins == ["disk", "merge"]


def test_a_notebook_does_not_fit() -> None:
    with pytest.raises(ApplyError):
        document("").become(NotebookContent(cells=()))


def test_a_document_that_does_not_hold_what_was_saved_says_so() -> None:
    """Formatted content counts as characters that the string does not show."""
    mine = document("ab\n")
    source = mine.shared.raw.get("source", type=pycrdt.Text)
    with mine.shared.transaction("room"):
        source.insert_embed(1, {"image": 1})
    with pytest.raises(ApplyError):
        mine.become(TextContent("abc\n"))


def test_jupyter_reads_it_and_it_reads_jupyter() -> None:
    mine = document("hé\n")
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    theirs = YUnicode(doc)
    doc.apply_update(mine.shared.update_since())
    assert theirs.get() == "hé\n"
    theirs.set("hé there\n")
    theirs.dirty = True
    mine.shared.apply_update(doc.get_update())
    assert (mine.content().text, mine.is_dirty()) == ("hé there\n", True)


def test_marking_it_saved_is_what_jupyter_reads() -> None:
    mine = document("x\n")
    assert (mine.saved_hash(), mine.is_dirty()) == (None, False)
    mine.mark_saved("abc")
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    theirs = YUnicode(doc)
    doc.apply_update(mine.shared.update_since())
    assert (theirs.hash, theirs.dirty, mine.saved_hash()) == ("abc", False, "abc")


def test_marking_it_saved_twice_makes_one_update() -> None:
    mine = document("x\n")
    updates: list[str | None] = []
    mine.shared.on_update(lambda _, origin: updates.append(origin))
    mine.mark_saved("abc")
    mine.mark_saved("abc")
    assert updates == ["state"]


def test_opening_a_document_adds_nothing_to_it() -> None:
    shared = SharedDoc()
    open_document("text", shared)
    assert parse_state_vector(shared.state_vector()) == {}
    assert open_document("text", shared).kind == "text"


def test_room_types_are_those_of_jupyter() -> None:
    assert dict(ROOM_TYPES) == {"text": ("text", "file"), "notebook": ("json", "notebook")}


def test_thousands_of_saves_keep_the_state_vector_small() -> None:
    mine = document("start\n")
    shadow = mine.fork()
    for count in range(1_000):
        shadow.become(TextContent(f"start {count}\n"))
        mine.shared.apply_update(shadow.shared.update_since(mine.shared.state_vector()))
    assert mine.content().text == "start 999\n"
    assert len(mine.shared.state_vector()) < 40
