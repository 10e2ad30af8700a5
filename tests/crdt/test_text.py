"""From code points to what pycrdt counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Text
from rtcd.crdt.text import byte_spans, replace_spans
from rtcd.diff.edits import TextEdit, apply_edits

TEXTS = st.text(st.sampled_from("a b\né😀́\0\u2028\r"), max_size=30)


@st.composite
def text_and_edits(draw: st.DrawFn) -> tuple[str, list[TextEdit]]:
    text = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    return text, [
        TextEdit(start, end, draw(TEXTS)) for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]


def shared_text(doc: SharedDoc, value: str) -> Text:
    text: Text = doc.raw.get("source", type=Text)
    with doc.transaction("test"):
        text.insert(0, value)
    return text


@given(text_and_edits())
def test_the_shared_text_becomes_what_the_edits_say(case: tuple[str, list[TextEdit]]) -> None:
    before, edits = case
    doc = SharedDoc()
    text = shared_text(doc, before)
    with doc.transaction("disk"):
        replace_spans(text, before, edits)
    assert str(text) == apply_edits(before, edits)


def test_spans_are_utf8_bytes() -> None:
    edits = [TextEdit(0, 1, ""), TextEdit(2, 2, "x"), TextEdit(3, 5, "y")]
    assert byte_spans("é😀bü\n", edits) == [(0, 2), (6, 6), (7, 10)]


def test_other_peoples_typing_inside_the_text_stays() -> None:
    mine = SharedDoc()
    text = shared_text(mine, "üne two three")
    theirs = mine.fork()
    other: Text = theirs.raw.get("source", type=Text)
    with theirs.transaction("room"):
        other.insert(len("üne two".encode()), " (2)")
    with mine.transaction("disk"):
        replace_spans(text, "üne two three", [TextEdit(0, 3, "One"), TextEdit(8, 13, "3")])
    mine.apply_update(theirs.update_since(mine.state_vector()))
    assert str(text) == "One two (2) 3"


def test_thousands_of_edits_of_a_large_text_are_applied() -> None:
    before = "é23456789\n" * 100_000
    doc = SharedDoc()
    text = shared_text(doc, before)
    edits = [TextEdit(at, at + 1, "e") for at in range(0, 1_000_000, 200)]
    with doc.transaction("disk"):
        replace_spans(text, before, edits)
    assert str(text) == apply_edits(before, edits)
