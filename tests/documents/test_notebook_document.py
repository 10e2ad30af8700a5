"""A notebook as a shared document."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Map, Text

from notebook_samples import READABLE, code, fixture, image, notebook, stream, text
from rtcd.content import Cell, NotebookContent, TextContent, canonical_json, cell_meaning
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.notebook_document import NotebookDocument
from rtcd.errors import ApplyError

A = code("a = 'the first cell'\n", "a")
B = text("# The *second* cell, which is longer\n", "b")


def opened(content: NotebookContent) -> NotebookDocument:
    """A document that holds the content, with ids made by counting."""
    numbers = count(1)
    document = NotebookDocument(SharedDoc(), new_id=lambda: f"new-{next(numbers)}")
    document.become(content)
    return document


def meaning(content: NotebookContent) -> str:
    """What a notebook means, without its ids."""
    cells = [cell_meaning(replace(cell, id=None)) for cell in content.cells]
    return canonical_json([cells, content.metadata, content.nbformat, content.nbformat_minor])


def reread(document: NotebookDocument) -> NotebookContent:
    """The content without the help of any cache."""
    return NotebookDocument(document.shared).content()


def update_of(document: NotebookDocument, new: NotebookContent) -> bytes:
    before = document.shared.state_vector()
    document.become(new)
    return document.shared.update_since(before)


def thousand_cells() -> NotebookContent:
    cells = (
        code(
            f"value_{n} = {n * 7919 % 1013}\nprint(value_{n})\n",
            f"id-{n}",
            outputs=(stream(f"{n}\n"),),
            execution_count=n,
        )
        for n in range(1000)
    )
    return notebook(*cells)


@pytest.mark.parametrize("name", READABLE)
def test_every_fixture_can_be_held(name: str) -> None:
    content = fixture(name)
    document = opened(content)
    assert meaning(document.content()) == meaning(content)
    assert meaning(reread(document)) == meaning(content)
    assert all(document.cell_ids())
    assert len(set(document.cell_ids())) == len(content.cells)


@pytest.mark.parametrize("name", READABLE)
def test_the_same_content_twice_changes_nothing(name: str) -> None:
    """Also without ids, with missing and with doubled ones."""
    content = fixture(name)
    document = opened(content)
    before = document.shared.state_vector()
    document.become(content)
    document.become(document.content())
    assert document.shared.state_vector() == before


def test_nothing_is_invented() -> None:
    document = opened(notebook())
    assert document.content() == notebook()
    assert json.loads(str(document.shared.raw.get("meta", type=Map))) == {
        "nbformat": 4.0,
        "nbformat_minor": 5.0,
        "metadata": {},
    }


@pytest.mark.parametrize("minor", [0, 2, 4, 5, 9])
def test_the_minor_version_is_kept(minor: int) -> None:
    assert opened(notebook(A, minor=minor)).content().nbformat_minor == minor


def test_a_rising_minor_version_is_taken_over() -> None:
    document = opened(notebook(A, minor=4))
    document.become(notebook(A, minor=5))
    assert reread(document).nbformat_minor == 5


def test_a_text_is_refused() -> None:
    with pytest.raises(ApplyError):
        opened(notebook()).become(TextContent("x"))


def test_the_document_is_unchanged_after_a_refusal() -> None:
    document = opened(notebook(A))
    before = document.shared.state_vector()
    with pytest.raises(ApplyError):
        document.become(notebook(replace(A, source="x", metadata={"n": 2**63}), B))
    assert document.shared.state_vector() == before
    assert document.content() == notebook(A)


def test_nan_and_large_integers_are_held() -> None:
    content = notebook(replace(A, metadata={"nan": float("nan"), "big": 2**63 - 1, "one": 1.0}))
    document = opened(content)
    assert meaning(reread(document)) == meaning(content)
    before = document.shared.state_vector()
    document.become(content)
    assert document.shared.state_vector() == before


def test_ids_of_the_document_stay_when_an_editor_makes_new_ones() -> None:
    document = opened(notebook(A, B))
    document.become(notebook(replace(A, id="x", source=A.source + "1\n"), replace(B, id="y")))
    assert document.cell_ids() == ("a", "b")


def test_an_update_for_regenerated_ids_is_empty_and_for_one_character_tiny() -> None:
    content = thousand_cells()
    document = opened(content)
    new = replace(content, cells=tuple(replace(c, id=f"n{c.id}") for c in content.cells))
    assert len(update_of(document, new)) < 10
    changed = replace(new.cells[500], source="x" + new.cells[500].source)
    new = replace(new, cells=(*new.cells[:500], changed, *new.cells[501:]))
    assert len(update_of(document, new)) < 100
    assert document.cell_ids() == tuple(cell.id for cell in content.cells)


def test_one_moved_cell_is_a_small_update_in_either_direction() -> None:
    content = thousand_cells()
    document = opened(content)
    assert (
        len(update_of(document, replace(content, cells=content.cells[1:] + content.cells[:1])))
        < 500
    )
    assert document.last_edit is not None
    assert document.last_edit.moved_ids == {"id-0"}
    assert len(update_of(document, content)) < 500


def test_content_after_a_keystroke_reads_one_cell() -> None:
    document = opened(thousand_cells())
    before = document.content()
    somebody = document.fork()
    source_of(somebody, 500).insert(0, "x")
    document.shared.apply_update(somebody.shared.update_since(document.shared.state_vector()))
    after = document.content()
    assert [n for n in range(1000) if after.cells[n] is not before.cells[n]] == [500]
    assert after.cells[500].source == "x" + before.cells[500].source


def test_content_is_one_object_while_nothing_changes() -> None:
    document = opened(notebook(A, B))
    content = document.content()
    document.mark_saved("0" * 64)
    assert document.content().cells[0] is content.cells[0]
    assert (document.saved_hash(), document.is_dirty()) == ("0" * 64, False)


def test_touched_cells_are_those_that_others_edited() -> None:
    document = opened(notebook(A, B, code("c = 3\n", "c")))
    assert document.take_touched() == frozenset()
    somebody = document.fork()
    somebody.become(
        notebook(A, replace(B, source="# changed\n"), code("c = 3\n", "c"), code("d", "d"))
    )
    document.become(notebook(replace(A, source="mine\n"), B, code("c = 3\n", "c")))
    document.shared.apply_update(somebody.shared.update_since(document.shared.state_vector()))
    assert document.take_touched() == frozenset({"b", "d"})
    assert document.take_touched() == frozenset()


def test_touched_cells_are_followed_through_moves() -> None:
    document = opened(notebook(A, B, code("c = 3\n", "c")))
    somebody = document.fork()
    cells = somebody.shared.raw.get("cells", type=Array)
    with somebody.shared.transaction("test"):
        source_of(somebody, 2).insert(0, "x")
        del cells[0]
    document.shared.apply_update(somebody.shared.update_since(document.shared.state_vector()))
    assert document.take_touched() == frozenset({"c"})
    assert document.content() == reread(document)


def test_trust_and_execution_state_are_kept_in_place_and_never_read() -> None:
    document = opened(notebook(A, B))
    cell = cell_at(document, 0)
    cell["metadata"]["trusted"] = True
    cell["execution_state"] = "running"
    assert document.content() == notebook(A, B)
    document.become(notebook(replace(A, source="x = 1\n", metadata={"tags": []}), B))
    assert cell_at(document, 0)["metadata"].to_py() == {"trusted": True, "tags": []}
    assert cell_at(document, 0)["execution_state"] == "running"


def test_trust_and_execution_state_move_with_the_cell_and_new_cells_get_none() -> None:
    document = opened(notebook(A, B))
    cell_at(document, 0)["metadata"]["trusted"] = True
    cell_at(document, 0)["from_elsewhere"] = {"x": 1}
    document.become(notebook(B, A, code("new cell\n", metadata={"trusted": True})))
    moved = cell_at(document, 1)
    assert moved["metadata"].to_py() == {"trusted": True}
    assert moved["from_elsewhere"] == {"x": 1}
    assert cell_at(document, 2)["metadata"].to_py() == {}


def test_a_type_change_keeps_map_and_source() -> None:
    document = opened(notebook(replace(A, outputs=(image("A"),), execution_count=3), B))
    shared, source = cell_at(document, 0), source_of(document, 0)
    document.become(notebook(replace(A, cell_type="markdown"), replace(B, cell_type="code")))
    assert set(shared) == {"id", "cell_type", "source", "metadata"}
    source.insert(0, "still the same text ")
    assert reread(document).cells[0].source.startswith("still")
    became_code = cell_at(document, 1)
    assert isinstance(became_code["outputs"], Array)
    assert became_code["execution_count"] is None
    assert became_code["execution_state"] == "idle"


def test_a_growing_stream_is_appended_to_its_text() -> None:
    document = opened(notebook(replace(A, outputs=(stream("1\n" * 1000),))))
    shared = cell_at(document, 0)["outputs"][0]["text"]
    assert (
        len(update_of(document, notebook(replace(A, outputs=(stream("1\n" * 1000 + "2\n"),))))) < 40
    )
    assert str(shared) == "1\n" * 1000 + "2\n"


def test_an_unchanged_image_is_not_sent_again() -> None:
    big = image("A" * 100_000)
    document = opened(notebook(replace(A, outputs=(big,))))
    new = notebook(replace(A, outputs=(big, stream("done\n")), execution_count=2))
    assert len(update_of(document, new)) < 200


def test_attachments_come_change_and_go() -> None:
    document = opened(notebook(B))
    for attachments in ({"a.png": {"image/png": "A"}}, {"a.png": {"image/png": "B"}}, {}):
        document.become(notebook(replace(B, attachments=attachments)))
        assert reread(document) == notebook(replace(B, attachments=attachments))
    assert "attachments" not in cell_at(document, 0)


def test_nested_metadata_stored_as_a_map_is_edited_inside() -> None:
    document = opened(notebook(A))
    cell_at(document, 0)["metadata"]["view"] = Map({"x": 1, "y": 2})
    stored = cell_at(document, 0)["metadata"]["view"]
    document.become(notebook(replace(A, metadata={"view": {"x": 1, "y": 3}})))
    assert stored.to_py() == {"x": 1, "y": 3}


def test_whatever_others_put_into_the_room_can_be_read_and_replaced() -> None:
    document = NotebookDocument(SharedDoc())
    cells = document.shared.raw.get("cells", type=Array)
    document.shared.raw.get("meta", type=Map)["metadata"] = "none"
    cells.extend(
        [
            "no cell at all",
            Map({}),
            Map({"id": 7, "cell_type": [], "source": ["a\n", "b"], "metadata": 1, "outputs": "x"}),
            Map({"id": "c", "cell_type": "code", "source": "plain", "outputs": Array([1, "x"])}),
            Map({"id": "d", "cell_type": "code", "source": Text("d"), "execution_count": "many"}),
        ]
    )
    assert [cell.source for cell in document.content().cells] == [
        "no cell at all",
        "",
        "a\nb",
        "plain",
        "d",
    ]
    new = notebook(
        code("no cell at all", outputs=(stream("1"),)),
        code("one\n"),
        code("a\nb\nc\n", metadata={"x": 1}),
        code("plain and new", "c", outputs=(stream("2\n"),)),
        code("d", "d", execution_count=4),
        kernel="x",
    )
    document.become(new)
    assert meaning(reread(document)) == meaning(new)


def test_equal_copies_of_a_cell_are_dropped_and_other_doubles_get_an_id() -> None:
    document = opened(notebook(A, B))
    cells = document.shared.raw.get("cells", type=Array)
    for source in (A.source, "another text\n"):
        cells.append(
            Map({"id": "a", "cell_type": "code", "source": Text(source), "outputs": Array([])})
        )
    cells.append(Map({"cell_type": "code", "source": Text("nameless")}))
    assert document.mend_ids()
    assert document.content() == notebook(
        A, B, code("another text\n", "new-1"), code("nameless", "new-2")
    )
    assert not document.mend_ids()


def test_two_daemons_moving_one_cell_leave_one_cell() -> None:
    base = opened(notebook(A, B, code("c = 3\n", "c")))
    one, other = base.fork(), base.fork()
    for document in (one, other):
        document.become(notebook(code("c = 3\n", "c"), A, B))
    exchange(one, other)
    for document in (one, other):
        document.mend_ids()
    exchange(one, other)
    assert one.content() == other.content() == notebook(code("c = 3\n", "c"), A, B)


def test_a_fork_knows_the_cells_and_is_independent() -> None:
    document = opened(notebook(A, B))
    fork = document.fork()
    assert fork.content().cells[0] is document.content().cells[0]
    fork.become(notebook(B))
    assert document.content() == notebook(A, B)
    assert fork.shared.client_id != document.shared.client_id


def test_a_document_that_is_no_longer_used_is_freed() -> None:
    document = opened(notebook(A, B))
    document.fork()
    gone = weakref.ref(document.shared.raw)
    del document
    gc.collect()
    assert gone() is None


def cell_at(document: NotebookDocument, index: int) -> Map:
    cell = document.shared.raw.get("cells", type=Array)[index]
    assert isinstance(cell, Map)
    return cell


def source_of(document: NotebookDocument, index: int) -> Text:
    source = cell_at(document, index)["source"]
    assert isinstance(source, Text)
    return source


def exchange(one: NotebookDocument, other: NotebookDocument) -> None:
    """Both get what the other has."""
    for_one = other.shared.update_since(one.shared.state_vector())
    other.shared.apply_update(one.shared.update_since(other.shared.state_vector()))
    one.shared.apply_update(for_one)


SOURCES = st.sampled_from(
    ["", "x", "é😀\n", "a = 1\nb = 2\n", "a = 1\nc = 3\nb = 2\n", "# A title\n"]
)
JSON = st.sampled_from([{}, {"a": 1}, {"a": True}, {"a": 1.5, "b": [{"c": None}]}, {"b": "é"}])
OUTPUTS = st.lists(
    st.sampled_from([stream("1\n"), stream("1\n2"), stream("e", "stderr"), image("A"), image("B")]),
    max_size=3,
).map(tuple)
IDS = st.sampled_from([None, "a", "b", "c"])
CELLS = st.lists(
    st.one_of(
        st.builds(
            Cell, IDS, st.just("code"), SOURCES, JSON, OUTPUTS, st.sampled_from([None, 1, 2])
        ),
        st.builds(Cell, IDS, st.just("markdown"), SOURCES, JSON, attachments=JSON),
    ),
    max_size=5,
).map(tuple)
NOTEBOOKS = st.builds(NotebookContent, CELLS, JSON, st.just(4), st.sampled_from([4, 5]))


@settings(deadline=None, max_examples=150)
@given(st.lists(NOTEBOOKS, min_size=1, max_size=3))
def test_a_document_becomes_anything(contents: Sequence[NotebookContent]) -> None:
    document = opened(contents[0])
    for content in contents:
        document.become(content)
        assert meaning(document.content()) == meaning(content)
        assert reread(document) == document.content()
        ids = document.cell_ids()
        assert None not in ids
        assert len(set(ids)) == len(ids)


@settings(deadline=None, max_examples=60)
@given(NOTEBOOKS, NOTEBOOKS, NOTEBOOKS)
def test_replicas_agree_and_caches_follow(
    base: NotebookContent, ours: NotebookContent, theirs: NotebookContent
) -> None:
    one = opened(base)
    other = one.fork()
    one.become(ours)
    other.become(theirs)
    exchange(one, other)
    assert one.content() == reread(one) == other.content()


def document_with_a_gap() -> tuple[NotebookDocument, list[bytes]]:
    """A notebook without its writer's first edit, and two edits of its first cell that follow."""
    writer = NotebookDocument(SharedDoc(client_id=5))
    updates: list[bytes] = []
    end = writer.shared.on_update(lambda update, _: updates.append(update))
    with writer.shared.transaction("first"):
        writer.shared.raw.get("state", type=Map)["dirty"] = False
    for content in (notebook(A), notebook(edited_source(A, "one\n")), notebook(B)):
        writer.become(content)
    end()
    reader = NotebookDocument(SharedDoc())
    reader.shared.apply_update(updates[1])
    assert reader.content() == notebook(A)
    return reader, updates[2:]


def edited_source(cell: Cell, source: str) -> Cell:
    return replace(cell, source=cell.source + source)


def test_an_edit_is_seen_in_a_document_that_lacks_an_earlier_one() -> None:
    """The library tells no observer of it."""
    document, later = document_with_a_gap()
    document.shared.apply_update(later[0])
    assert document.content() == notebook(edited_source(A, "one\n"))
    document.shared.apply_update(later[1])
    assert document.content() == notebook(B)


def test_a_document_that_lacks_an_earlier_edit_can_be_edited_and_forked() -> None:
    document, _ = document_with_a_gap()
    document.become(notebook(edited_source(A, "mine\n")))
    assert document.content() == notebook(edited_source(A, "mine\n"))
    fork = document.fork()
    fork.become(notebook(edited_source(A, "mine\nyours\n")))
    assert fork.content() == notebook(edited_source(A, "mine\nyours\n"))
