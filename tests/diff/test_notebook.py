"""Two notebooks as one edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from notebook_samples import code, notebook, stream, text
from rtcd.content import NotebookContent
from rtcd.diff.notebook import NotebookEdit, diff_notebook
from rtcd.errors import ApplyError

A = code("a = 'the first cell'\n", "a")
B = code("b = 'the second cell, longer'\n", "b")
C = code("c = 'the third cell, the longest'\n", "c")


def numbered() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"new-{next(numbers)}"


def diffed(
    old: NotebookContent, new: NotebookContent, touched: frozenset[str] = frozenset()
) -> NotebookEdit:
    return diff_notebook(old, new, touched, new_id=numbered())


def test_nothing_changed_is_no_edit() -> None:
    assert not diffed(notebook(A, B), notebook(replace(A, id=None), replace(B, id="other")))


def test_an_unchanged_cell_is_the_same_object_afterwards() -> None:
    edit = diffed(notebook(A, B), notebook(replace(A, metadata={}), replace(B, source="b")))
    assert edit.cells[0] is A


def test_the_last_cell_moved_to_the_front_moves_alone() -> None:
    edit = diffed(notebook(A, B, C), notebook(C, A, B))
    assert (edit.moved_ids, edit.deleted_ids) == (frozenset("c"), frozenset())
    assert edit.removed == ((2, 3),)


def test_the_lighter_of_two_swapped_cells_moves() -> None:
    assert diffed(notebook(A, C), notebook(C, A)).moved_ids == frozenset("a")


def test_a_touched_cell_rather_stays() -> None:
    edit = diffed(notebook(A, C), notebook(C, A), frozenset("a"))
    assert edit.moved_ids == frozenset("c")


def test_deleted_cells_are_removed_in_runs_and_told() -> None:
    edit = diffed(notebook(A, B, C, code("print()", "d")), notebook(A, code("print()", "d")))
    assert edit.removed == ((1, 3),)
    assert (edit.deleted_ids, edit.moved_ids) == (frozenset("bc"), frozenset())


def test_new_cells_without_id_get_a_fresh_one() -> None:
    edit = diffed(notebook(A), notebook(A, text("what follows\n"), text("and more\n")))
    assert [cell.id for cell in edit.cells] == ["a", "new-1", "new-2"]


def test_a_new_cell_keeps_its_own_id() -> None:
    edit = diffed(notebook(A), notebook(A, text("what follows\n", "mine")))
    assert [cell.id for cell in edit.cells] == ["a", "mine"]


def test_a_later_duplicate_gets_a_new_id() -> None:
    edit = diffed(notebook(A), notebook(A, replace(B, id="a")))
    assert [cell.id for cell in edit.cells] == ["a", "new-1"]


def test_an_id_taken_by_another_matched_cell_is_not_given_twice() -> None:
    """The inserted first cell claims the id of the cell that it pushed down."""
    edit = diffed(notebook(A, B), notebook(code("zero = 0", "a"), replace(A, id="x"), B))
    assert [cell.id for cell in edit.cells] == ["new-1", "a", "b"]


def test_duplicates_in_the_old_notebook_are_told_apart() -> None:
    edit = diffed(notebook(A, replace(B, id="a")), notebook(A, replace(B, id="a")))
    assert [cell.id for cell in edit.cells] == ["a", "new-1"]


def test_trusted_is_neither_written_nor_missed() -> None:
    new = replace(A, metadata={"trusted": True})
    assert not diffed(notebook(A), notebook(new))
    assert diffed(notebook(), notebook(new)).cells[0].metadata == {}


def test_metadata_and_outputs_are_edited_apart_from_the_source() -> None:
    old = replace(A, metadata={"tags": ["x"], "kept": 1}, outputs=(stream("1\n"),))
    new = replace(A, metadata={"kept": 1.0, "new": 2}, outputs=(stream("1\n2\n"),))
    (change,) = diffed(notebook(old), notebook(new)).edited
    assert change.source == ()
    assert (change.metadata.assigned, change.metadata.removed) == ({"new": 2}, {"tags"})
    assert change.outputs.stream is not None


@pytest.mark.parametrize(
    "new",
    [
        notebook(A, big=2**63),
        notebook(replace(A, metadata={"n": 2**64})),
        notebook(replace(A, source=A.source + "\ud800")),
        notebook(A, replace(B, attachments={"a": 2**70})),
        notebook(replace(A, outputs=({"output_type": "x", "n": [-(2**70)]},))),
        notebook(replace(A, outputs=(stream("\udfff"),))),
        notebook(replace(A, execution_count=2**63)),
    ],
)
def test_what_a_document_cannot_hold_is_refused(new: NotebookContent) -> None:
    with pytest.raises(ApplyError):
        diffed(notebook(A), new)
