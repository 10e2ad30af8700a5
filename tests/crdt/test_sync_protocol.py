"""The Yjs sync wire format."""

from __future__ import annotations

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.crdt.sync_protocol import Step1, Step2, Update, decode_sync, merge_updates
from rtcd.errors import UpdateRefusedError


@given(st.binary(max_size=400), st.sampled_from([Step1, Step2, Update]))
def test_what_is_encoded_is_decoded(payload, kind):
    assert decode_sync(kind(payload).encode()) == kind(payload)


def test_our_messages_are_those_of_pycrdt():
    doc = pycrdt.Doc()
    doc.get("t", type=pycrdt.Text).insert(0, "é😀" * 100)
    assert Step1(doc.get_state()).encode() == pycrdt.create_sync_message(doc)
    assert Update(doc.get_update()).encode() == pycrdt.create_update_message(doc.get_update())
    other = pycrdt.Doc()
    answer = pycrdt.handle_sync_message(Step1(b"\0").encode()[1:], doc)
    assert answer == Step2(doc.get_update(b"\0")).encode()
    pycrdt.handle_sync_message(answer[1:], other)
    assert str(other.get("t", type=pycrdt.Text)) == "é😀" * 100


@given(st.binary(max_size=30))
def test_junk_is_refused_and_nothing_else_is_raised(junk):
    try:
        message = decode_sync(junk)
    except UpdateRefusedError:
        return
    # A count may be written longer than needed; the value is the same.
    assert decode_sync(message.encode()) == message


@pytest.mark.parametrize(
    "message",
    [b"", b"\0", b"\1\0\0", b"\0\3\0", b"\0\0\5abc", b"\0\0\1ab", b"\0\0" + b"\xff" * 12],
    ids=["empty", "short", "other type", "unknown kind", "cut", "too long", "huge count"],
)
def test_a_malformed_message_is_refused(message):
    with pytest.raises(UpdateRefusedError):
        decode_sync(message)


def test_merged_updates_do_what_all_of_them_do():
    doc, updates = pycrdt.Doc(), []
    doc.observe(lambda event: updates.append(event.update))
    text = doc.get("t", type=pycrdt.Text)
    for index in range(20):
        text.insert(index // 2, str(index))
    del text[3:7]
    copy = pycrdt.Doc()
    copy.apply_update(merge_updates(updates))
    assert copy.get_update() == doc.get_update()
    with pytest.raises(UpdateRefusedError):
        merge_updates([b"\5\5\5", b"\5"])
