"""Three notebooks into one."""

from __future__ import annotations

from dataclasses import replace

from rtcd.content import Cell, NotebookContent
from rtcd.merge.merged import Merged, Overlap
from rtcd.merge.three_way import merge_contents

A = Cell("a", "code", "import numpy as np\n")
B = Cell("b", "code", "x = np.zeros(3)\ny = np.ones(3)\n")
C = Cell("c", "markdown", "# The end\n")
NEW = Cell("n", "code", "print('new')\n")


def notebook(*cells: Cell, metadata: dict[str, object] | None = None) -> NotebookContent:
    return NotebookContent(cells, metadata or {})


BASE = notebook(A, B, C)


def cells(merged: Merged) -> tuple[Cell, ...]:
    assert isinstance(merged.content, NotebookContent)
    return merged.content.cells


def merge(base: NotebookContent | None, ours: NotebookContent, theirs: NotebookContent) -> Merged:
    return merge_contents(base, ours, theirs)


def test_sources_of_one_cell_are_merged() -> None:
    ours = replace(B, source=B.source.replace("zeros", "empty"))
    theirs = replace(B, source=B.source + "z = x + y\n")
    both = replace(B, source=B.source.replace("zeros", "empty") + "z = x + y\n")
    assert cells(merge(BASE, notebook(A, ours, C), notebook(A, theirs, C))) == (A, both, C)


def test_an_edit_wins_over_the_deletion_of_its_cell() -> None:
    edited = replace(B, source="x = 1\n" + B.source)
    for ours, theirs in (
        (notebook(A, C), notebook(A, edited, C)),
        (notebook(A, edited, C), notebook(A, C)),
    ):
        merged = merge(BASE, ours, theirs)
        assert cells(merged) == (A, edited, C)
        assert [(o.cell, o.reason) for o in merged.overlaps] == [("b", "delete-edit")]


def test_a_deleted_cell_that_nobody_edited_goes() -> None:
    assert merge(BASE, notebook(A, C), notebook(A, B, C, NEW)).overlaps == ()
    assert cells(merge(BASE, notebook(A, C), notebook(A, B, C, NEW))) == (A, C, NEW)


def test_an_edit_in_a_moved_cell_moves_along() -> None:
    edited = replace(C, source="# The end, really\n")
    assert cells(merge(BASE, notebook(C, A, B), notebook(A, B, edited))) == (edited, A, B)
    assert cells(merge(BASE, notebook(A, B, edited), notebook(C, A, B))) == (edited, A, B)


def test_new_cells_at_one_place_both_stay_and_theirs_come_first() -> None:
    other = Cell("o", "code", "something_else()\n")
    assert cells(merge(BASE, notebook(A, NEW, B, C), notebook(A, other, B, C))) == (
        A,
        other,
        NEW,
        B,
        C,
    )


def test_a_new_cell_that_came_twice_is_there_once() -> None:
    without_id = replace(NEW, id=None)
    grown = replace(NEW, source=NEW.source + "more()\n")
    for mine, their in ((NEW, NEW), (without_id, NEW), (NEW, grown), (grown, NEW)):
        merged = merge(BASE, notebook(A, mine, B, C), notebook(A, their, B, C, A))
        longer = max(mine.source, their.source, key=len)
        assert [c.source for c in cells(merged)][:2] == [A.source, longer]
        assert len(cells(merged)) == 5


def test_two_new_cells_of_one_id_both_stay() -> None:
    other = Cell("n", "code", "quite_another_thing()\n")
    merged = merge(BASE, notebook(A, B, C, NEW), notebook(A, B, C, other))
    assert [c.source for c in cells(merged)][3:] == [other.source, NEW.source]
    assert len({c.id for c in cells(merged)}) == 5
    assert [(o.cell, o.reason) for o in merged.overlaps] == [("n", "both-created")]


def test_metadata_is_merged_key_by_key() -> None:
    base = replace(A, metadata={"tags": ["x"], "k": 1, "deep": {"a": 1, "b": 1}})
    ours = replace(base, metadata={"tags": ["x"], "k": 2, "deep": {"a": 2, "b": 1}})
    theirs = replace(base, metadata={"tags": ["x", "y"], "deep": {"a": 1, "b": 2}, "n": 0})
    merged = merge(
        notebook(base, metadata={"authors": 1, "widgets": 1}),
        notebook(ours, metadata={"authors": 2, "widgets": 1}),
        notebook(theirs, metadata={"authors": 1, "widgets": 2}),
    )
    assert merged.content == notebook(
        replace(base, metadata={"tags": ["x", "y"], "deep": {"a": 2, "b": 2}, "n": 0, "k": 2}),
        metadata={"authors": 2, "widgets": 2},
    )


def run(count: int, *texts: str) -> Cell:
    return replace(
        A,
        execution_count=count,
        outputs=tuple({"output_type": "stream", "name": "stdout", "text": t} for t in texts),
    )


def test_outputs_are_of_one_run_the_later_one() -> None:
    base = run(1, "one")
    for ours, theirs, kept in (
        (run(3, "three"), run(2, "two"), run(3, "three")),
        (run(2, "mine"), run(2, "theirs"), run(2, "theirs")),
        (run(2, "a", "b"), base, run(2, "a", "b")),
        (base, run(2, "a"), run(2, "a")),
        (run(2, "a grew"), run(2, "a"), run(2, "a grew")),
        (run(2, "a"), run(2, "a", "and"), run(2, "a", "and")),
    ):
        assert cells(merge(notebook(base), notebook(ours), notebook(theirs))) == (kept,)


def test_regenerated_ids_are_no_change() -> None:
    ours = notebook(*(replace(cell, id=f"new-{cell.id}") for cell in BASE.cells))
    theirs = notebook(A, replace(B, source="x = 1\n"), C)
    assert merge(BASE, ours, theirs) == Merged(theirs)


def test_without_a_base_cells_of_both_stay_and_equal_ones_are_one() -> None:
    ours = notebook(A, replace(B, source="mine = 1\n"), NEW, replace(C, execution_count=None))
    theirs = notebook(A, replace(B, source="theirs = 2\n"), C)
    merged = merge(None, ours, theirs)
    assert [c.source for c in cells(merged)] == [
        A.source,
        "theirs = 2\n",
        "mine = 1\n",
        NEW.source,
        C.source,
    ]
    assert [c.id for c in cells(merged)][1] == "b"
    assert len({c.id for c in cells(merged)}) == 5
    assert (
        Overlap("b", "", "mine = 1\n", "theirs = 2\n", "theirs = 2\n\nmine = 1\n", "both-created")
        in merged.overlaps
    )


def test_without_a_base_the_later_run_of_a_cell_stays() -> None:
    merged = merge(None, notebook(run(5, "five"), B), notebook(run(2, "two"), C))
    assert cells(merged)[0] == run(5, "five")


def test_two_states_of_one_cell_are_one_cell_when_the_base_is_lost() -> None:
    """A cell of one id that shares a line; others of one id are two cells, as new ones are."""
    ours = NotebookContent((Cell("a", "code", "x = 1\ny = 2\n"), Cell("b", "code", "mine\n")))
    theirs = NotebookContent(
        (Cell("a", "code", "x = 1\ntyped\ny = 2\n"), Cell("b", "code", "other\n"))
    )
    merged = merge_contents(None, ours, theirs).content
    assert isinstance(merged, NotebookContent)
    assert [cell.source for cell in merged.cells] == [
        "x = 1\ntyped\ny = 2\n",
        "other\n",
        "mine\n",
    ]
