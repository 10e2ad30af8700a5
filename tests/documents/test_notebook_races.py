"""Somebody edits the room while a save changes the same notebook (the table of merging 6.1).

Each test has a base, an edit by somebody else on one fork, and a save on another; both updates are
exchanged, and both sides hold the same afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pycrdt import Array, Map, Text

from notebook_samples import code, image, notebook, stream, text
from rtcd.content import Cell, NotebookContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.disk.notebook_format import parse_notebook
from rtcd.documents.notebook_document import NotebookDocument

A = code("a = 'the first cell'\n", "a")
B = code("b = 'the second cell'\n", "b")
C = code("c = 'the third cell'\n", "c")
D = code("d = 'the last cell'\n", "d")


def document_of(content: NotebookContent) -> NotebookDocument:
    document = NotebookDocument(SharedDoc())
    document.become(content)
    return document


def race(
    base: NotebookContent,
    somebody: Callable[[NotebookDocument], object],
    save: NotebookContent,
    touched: frozenset[str] = frozenset(),
) -> NotebookContent:
    """What both sides hold after the race."""
    room = document_of(base)
    disk = room.fork()
    somebody(room)
    disk.become(save, touched=touched)
    for_room = disk.shared.update_since(room.shared.state_vector())
    disk.shared.apply_update(room.shared.update_since(disk.shared.state_vector()))
    room.shared.apply_update(for_room)
    assert room.content() == disk.content()
    return room.content()


def types(index: int, offset: int, said: str) -> Callable[[NotebookDocument], None]:
    """Somebody types into a cell, as a browser does."""

    def type_it(document: NotebookDocument) -> None:
        source = cell_at(document, index)["source"]
        assert isinstance(source, Text)
        source.insert(offset, said)

    return type_it


def types_everywhere(document: NotebookDocument) -> None:
    for index in range(len(document.content().cells)):
        types(index, 0, "typed ")(document)


def cell_at(document: NotebookDocument, index: int) -> Map[Any]:
    cell = document.shared.raw.get("cells", type=Array)[index]
    assert isinstance(cell, Map)
    return cell


def sources(content: NotebookContent) -> list[str]:
    return [cell.source for cell in content.cells]


def test_two_one_character_edits_in_one_cell_both_stay() -> None:
    after = race(notebook(code("abc", "a")), types(0, 0, "1"), notebook(code("abc2\n", "a")))
    assert sources(after) == ["1abc2\n"]


def test_typing_and_a_change_of_another_line_both_stay_where_they_belong() -> None:
    source = "def f():\n    return 1\n"
    save = notebook(code("def f():\n    return 2\n", "a"))
    after = race(notebook(code(source, "a")), types(0, 4, "NEW_"), save)
    assert sources(after) == ["def NEW_f():\n    return 2\n"]


def test_typing_stays_when_the_disk_changes_a_stream_output() -> None:
    base = replace(A, outputs=(stream("1\n"),))
    after = race(
        notebook(base), types(0, 0, "typed "), notebook(replace(A, outputs=(stream("2\n"),)))
    )
    assert after == notebook(replace(A, source="typed " + A.source, outputs=(stream("2\n"),)))


def test_a_cell_that_both_sides_ran_again_is_one_cell() -> None:
    base = replace(A, outputs=(stream("old\n"),), execution_count=1)
    rerun = replace(A, outputs=(stream("ours\n"),), execution_count=2)
    after = race(
        notebook(base, B),
        lambda document: document.become(
            notebook(replace(A, outputs=(stream("theirs\n"),), execution_count=3), B)
        ),
        notebook(rerun, B),
    )
    assert [cell.id for cell in after.cells] == ["a", "b"]
    said = "".join(output["text"] for output in after.cells[0].outputs)
    assert sorted(said.split()) == ["ours", "theirs"]


def test_typing_in_all_cells_stays_but_in_the_one_moved_to_the_front() -> None:
    """Typing in the moved cell itself is what ``rescue.py`` is for."""
    after = race(notebook(A, B, C, D), types_everywhere, notebook(D, A, B, C))
    typed = ["typed " + cell.source for cell in (A, B, C)]
    assert sources(after) == [D.source, *typed]


def test_typing_in_all_cells_stays_but_in_the_one_moved_to_the_end() -> None:
    after = race(notebook(A, B, C, D), types_everywhere, notebook(B, C, D, A))
    typed = ["typed " + cell.source for cell in (B, C, D)]
    assert sources(after) == [*typed, A.source]


def test_of_two_swapped_cells_the_one_nobody_types_in_moves() -> None:
    after = race(notebook(A, D), types(0, 0, "typed "), notebook(D, A), frozenset("a"))
    assert sources(after) == [D.source, "typed " + A.source]


def test_metadata_keys_of_both_sides_stay() -> None:
    base = replace(A, metadata={"k1": 1})

    def tags(document: NotebookDocument) -> None:
        cell_at(document, 0)["metadata"].update({"k2": 2, "tags": ["x"]})

    after = race(notebook(base), tags, notebook(replace(A, metadata={"k1": 10})))
    assert after.cells[0].metadata == {"k1": 10, "k2": 2, "tags": ["x"]}


def test_notebook_metadata_of_both_sides_stays() -> None:
    def widgets(document: NotebookDocument) -> None:
        document.shared.raw.get("meta", type=Map)["metadata"]["widgets"] = {"state": {}}

    after = race(notebook(A), widgets, notebook(A, authors=["me"]))
    assert after.metadata == {"authors": ["me"], "widgets": {"state": {}}}


def test_typing_stays_when_a_markdown_cell_becomes_code() -> None:
    after = race(
        notebook(text("import os\n", "a")),
        types(0, 10, "typed"),
        notebook(code("import os\n", "a")),
    )
    assert after == notebook(code("import os\ntyped", "a"))


def test_of_attachments_added_on_both_sides_the_last_writer_stays() -> None:
    """Attachments are one plain value: JupyterLab writes them whole."""
    one, other = {"1.png": {"image/png": "A"}}, {"2.png": {"image/png": "B"}}

    def attach(document: NotebookDocument) -> None:
        cell_at(document, 0)["attachments"] = one

    after = race(notebook(text("x", "a")), attach, notebook(text("x", "a", attachments=other)))
    assert after.cells[0].attachments in (one, other)


def test_a_cell_added_by_somebody_stays_when_the_disk_does_not_know_it() -> None:
    after = race(
        notebook(A, B),
        lambda document: document.become(notebook(A, C, B)),
        notebook(replace(A, source="a = 1\n"), B),
    )
    assert after == notebook(replace(A, source="a = 1\n"), C, B)


def test_a_file_without_ids_set_twice_changes_nothing() -> None:
    nameless = notebook(*(replace(cell, id=None) for cell in (A, B, C)), minor=4)
    document = document_of(nameless)
    before = document.shared.state_vector()
    document.become(nameless)
    assert document.shared.state_vector() == before


def test_a_source_that_is_a_list_of_lines_is_joined_in_a_cell_that_changes() -> None:
    cell = {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": []}
    whole = {"cells": [{**cell, "source": ["x = 1\n", "y = 2\n"]}], "metadata": {}}
    saved = parse_notebook(json.dumps({**whole, "nbformat": 4, "nbformat_minor": 5}).encode())
    after = race(notebook(code("x = 1\n", "a")), types(0, 0, "# "), saved)
    assert sources(after) == ["# x = 1\ny = 2\n"]


def test_duplicate_ids_in_the_file_lose_no_cell() -> None:
    document = document_of(notebook(A, replace(B, id="a"), C))
    ids = document.cell_ids()
    document.become(notebook(A, replace(B, id="a"), replace(C, source="changed\n")))
    assert sources(document.content()) == [A.source, B.source, "changed\n"]
    assert document.cell_ids() == ids
    assert len(set(ids)) == 3


def test_nan_and_infinity_survive_a_race() -> None:
    values = {"low": float("-inf"), "high": float("inf")}
    after = race(notebook(A), types(0, 0, "typed "), notebook(replace(A, metadata=values)))
    assert after == notebook(replace(A, source="typed " + A.source, metadata=values))


def test_outputs_are_stored_as_maps_and_stream_texts_as_texts() -> None:
    document = document_of(notebook(A))
    document.become(notebook(replace(A, outputs=(image("A"), stream("x\n")))))
    shown, said = cell_at(document, 0)["outputs"]
    assert isinstance(shown, Map)
    assert isinstance(said["text"], Text)


def test_cells_inserted_on_both_sides_at_one_place_both_stay() -> None:
    added: Cell = text("theirs\n", "t")
    after = race(
        notebook(A, B),
        lambda document: document.become(notebook(A, added, B)),
        notebook(A, text("ours\n", "o"), B),
    )
    assert sorted(sources(after)[1:3]) == ["ours\n", "theirs\n"]
    assert len(after.cells) == 4
