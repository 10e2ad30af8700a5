"""The document's sharp edges are covered."""

from __future__ import annotations

import gc
import weakref
from typing import Any, cast

import pytest

from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Array, Map, Text
from rtcd.errors import ApplyError, UpdateRefusedError


def source(doc: SharedDoc) -> Text:
    text: Text = doc.raw.get("source", type=Text)
    return text


def typed(doc: SharedDoc, value: str, at: int = 0) -> None:
    with doc.transaction("typing"):
        source(doc).insert(at, value)


def test_an_update_carries_what_the_other_side_lacks() -> None:
    mine, theirs = SharedDoc(), SharedDoc()
    typed(mine, "hello")
    theirs.apply_update(mine.update_since(theirs.state_vector()))
    assert str(source(theirs)) == "hello"
    assert mine.update_since(theirs.state_vector()) == b"\x00\x00"


@pytest.mark.parametrize("update", [b"", b"\x00", b"garbage", b"\xff" * 20], ids=repr)
def test_garbage_is_refused_and_changes_nothing(update: bytes) -> None:
    doc = SharedDoc()
    typed(doc, "hello")
    before = doc.state_vector()
    with pytest.raises(UpdateRefusedError):
        doc.apply_update(update)
    assert (str(source(doc)), doc.state_vector()) == ("hello", before)


def test_a_garbage_state_vector_is_refused() -> None:
    with pytest.raises(UpdateRefusedError):
        SharedDoc().update_since(b"garbage")


@pytest.mark.filterwarnings("ignore")
def test_a_panic_becomes_an_apply_error() -> None:
    doc = SharedDoc()
    typed(doc, "é")
    with pytest.raises(ApplyError), doc.transaction("disk"):
        del source(doc)[1:9]


def test_errors_of_our_own_pass_through_a_transaction() -> None:
    with pytest.raises(KeyboardInterrupt), SharedDoc().transaction("disk"):
        raise KeyboardInterrupt
    with pytest.raises(KeyError), SharedDoc().transaction("disk"):
        raise KeyError


def test_observers_see_update_and_origin_until_they_are_ended() -> None:
    doc, other = SharedDoc(), SharedDoc()
    typed(other, "theirs")
    source(doc)
    seen: list[tuple[int, str | None]] = []
    end = doc.on_update(lambda update, origin: seen.append((len(update) > 0, origin)))
    typed(doc, "mine")
    doc.apply_update(other.update_since())
    with doc.transaction("room"):
        doc.apply_update(other.update_since())
    end()
    end()
    typed(doc, "later")
    assert seen == [(True, "typing"), (True, None)]


def test_an_inner_transaction_joins_the_outer_one() -> None:
    doc = SharedDoc()
    state: Map[str] = doc.raw.get("state", type=Map)
    seen: list[str | None] = []
    doc.on_update(lambda _, origin: seen.append(origin))
    with doc.transaction("disk"):
        typed(doc, "x")
        with doc.transaction("state"):
            state["a"] = "b"
    assert seen == ["disk"]


def test_a_fork_has_the_same_text_and_its_own_client() -> None:
    doc = SharedDoc()
    typed(doc, "hello")
    fork = doc.fork()
    assert fork.client_id != doc.client_id
    typed(fork, "!", at=5)
    typed(doc, "> ")
    doc.apply_update(fork.update_since(doc.state_vector()))
    assert str(source(doc)) == "> hello!"
    assert doc.fork(client_id=5).client_id == 5


def test_edits_in_two_documents_made_of_one_stored_state_both_arrive() -> None:
    """Client ids that come back make the second edit vanish without a word (merging 2)."""
    doc = SharedDoc()
    typed(doc, "hello")
    stored = doc.update_since()
    restored = [SharedDoc(), SharedDoc()]
    for number, one in enumerate(restored):
        one.apply_update(stored)
        typed(one, str(number), at=5)
    typed(doc, "> ")
    for one in restored:
        doc.apply_update(one.update_since(doc.state_vector()))
    assert len({doc.client_id, *(one.client_id for one in restored)}) == 3
    assert sorted(str(source(doc))) == sorted("> hello01")


def test_changes_grow_with_every_change_and_only_then() -> None:
    doc, other = SharedDoc(), SharedDoc()
    typed(other, "x")
    counts = [doc.changes]
    typed(doc, "a")
    counts.append(doc.changes)
    doc.apply_update(other.update_since())
    counts.append(doc.changes)
    str(source(doc))
    doc.state_vector()
    doc.update_since()
    assert counts == sorted(set(counts))
    assert doc.changes == counts[-1]


def test_a_document_without_observers_is_freed() -> None:
    doc = SharedDoc()
    doc.on_update(lambda *_: None)()
    typed(doc, "x")
    gone = weakref.ref(doc.raw)
    del doc
    gc.collect()
    assert gone() is None


def updates_of_a_peer() -> list[bytes]:
    """Three edits of one client: a map in an array, a value elsewhere, text in that map."""
    peer = SharedDoc(client_id=5)
    updates: list[bytes] = []
    end = peer.on_update(lambda update, _: updates.append(update))
    cells: Array[Map[Any]] = peer.raw.get("cells", type=Array)
    with peer.transaction("peer"):
        cells.append(Map({"source": Text("one")}))
    with peer.transaction("peer"):
        peer.raw.get("state", type=Map)["dirty"] = False
    with peer.transaction("peer"):
        cast(Text, cells[0]["source"]).insert(0, "two ")
    end()
    return updates


def test_a_document_knows_when_edits_of_a_client_are_missing() -> None:
    first, second, third = updates_of_a_peer()
    whole, holed = SharedDoc(), SharedDoc()
    for update in (first, second, third, third, first):
        whole.apply_update(update)
    holed.apply_update(second)
    assert (whole.observers_may_miss, holed.observers_may_miss) == (False, True)
    assert whole.fork().observers_may_miss is False
    assert holed.fork().observers_may_miss is True


def test_a_hole_in_the_middle_of_an_update_is_seen() -> None:
    first, _, third = updates_of_a_peer()
    holed = SharedDoc()
    holed.apply_update(first)
    holed.apply_update(third)
    later = SharedDoc()
    later.apply_update(holed.update_since())
    assert (holed.observers_may_miss, later.observers_may_miss) == (True, True)


def test_own_edits_and_their_echoes_are_no_gap() -> None:
    doc = SharedDoc()
    echoes: list[bytes] = []
    end = doc.on_update(lambda update, _: echoes.append(update))
    for at in range(3):
        typed(doc, "word ", at)
        doc.apply_update(echoes[-1])
    end()
    assert doc.observers_may_miss is False
