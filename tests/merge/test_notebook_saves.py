"""Saves of a notebook between its room and its disk."""

from __future__ import annotations

import pytest

from merge.replica_room import Room
from rtcd.content import Cell, NotebookContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.open_document import open_document
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica

A = Cell("a", "code", "alpha = 1\n")
B = Cell("b", "code", "beta = 2\ngamma = 3\n")
C = Cell("c", "markdown", "# the end of it\n")


def notebook(*cells: Cell) -> NotebookContent:
    return NotebookContent(cells)


def sources(world: Room) -> list[str]:
    content = world.replica.live.content()
    assert isinstance(content, NotebookContent)
    return [cell.source for cell in content.cells]


def edited(cell: Cell, source: str) -> Cell:
    return Cell(cell.id, cell.cell_type, source)


def test_both_edits_of_one_cell_are_kept() -> None:
    world = Room(notebook(A, B))
    world.colleague(notebook(A, edited(B, B.source.replace("beta", "BETA"))))
    world.save(notebook(A, edited(B, B.source.replace("gamma", "GAMMA"))))
    assert sources(world) == [A.source, "BETA = 2\nGAMMA = 3\n"]


def test_a_deleted_cell_that_others_edit_stays() -> None:
    world = Room(notebook(A, B, C))
    world.colleague(notebook(A, edited(B, B.source + "delta = 4\n"), C))
    outcome = world.save(notebook(A, C))
    assert sources(world) == [A.source, B.source + "delta = 4\n", C.source]
    assert [(o.cell, o.reason) for o in outcome.overlaps] == [("b", "delete-edit")]


def test_a_moved_cell_takes_the_edits_of_others_along() -> None:
    world = Room(notebook(A, B, C))
    world.colleague(notebook(A, B, edited(C, "# the real end of it\n")))
    world.save(notebook(C, A, B))
    assert sources(world) == ["# the real end of it\n", A.source, B.source]


@pytest.mark.parametrize("order", [(C, A, B), (A, B)])
def test_an_edit_that_arrives_after_the_move_or_deletion_is_rescued(
    order: tuple[Cell, ...],
) -> None:
    world = Room(notebook(A, B, C))
    late = world.colleague(notebook(A, B, edited(C, "# the real end of it\n")), deliver=False)
    outcome = world.replica.save(notebook(*order), evidence=Evidence(), now=1.0)
    world.replica.receive(outcome.update)
    assert world.replica.rescue(now=2.0) is None
    world.replica.receive(late)
    world.document.shared.apply_update(outcome.update)
    rescued = world.replica.rescue(now=3.0)
    assert rescued is not None
    world.send(rescued.update)
    assert "# the real end of it\n" in sources(world)
    assert len(sources(world)) == 3


def test_after_some_minutes_nobody_is_waited_for() -> None:
    world = Room(notebook(A, B, C))
    late = world.colleague(notebook(A, B, edited(C, "# the real end of it\n")), deliver=False)
    world.replica.save(notebook(A, B), evidence=Evidence(), now=1.0)
    world.replica.receive(late)
    assert world.replica.rescue(now=1000.0) is None


def test_two_people_moving_one_cell_leave_one_cell() -> None:
    world = Room(notebook(A, B, C))
    theirs = world.colleague(notebook(A, C, B), deliver=False)
    outcome = world.replica.save(notebook(C, A, B), evidence=Evidence(), now=1.0)
    world.document.shared.apply_update(outcome.update)
    world.replica.receive(theirs)
    assert sorted(sources(world)) == sorted([A.source, B.source, C.source, C.source])
    mended = world.replica.rescue(now=2.0)
    assert mended is not None
    world.send(mended.update)
    assert sorted(sources(world)) == sorted([A.source, B.source, C.source])


def test_regenerated_ids_make_no_edit_and_the_old_ones_come_back() -> None:
    world = Room(notebook(A, B))
    outcome = world.save(notebook(Cell("x", "code", A.source), Cell("y", "code", B.source)))
    assert outcome.update == b""
    assert world.flush() == notebook(A, B)


def test_a_file_without_ids_is_not_written_for_ids() -> None:
    old = NotebookContent((Cell(None, "code", "x\n"),), {}, 4, 4)
    world = Room(old)
    assert world.replica.pending() is None


def test_a_room_opened_from_a_foreign_document_is_read() -> None:
    shared = SharedDoc()
    document = open_document("notebook", shared)
    document.become(notebook(A))
    replica = Replica("notebook", shared.update_since(), disk=notebook(A), now=0.0)
    assert replica.live.content() == notebook(A)


def test_an_edit_of_a_cell_that_was_moved_away_and_back_is_in_the_room():
    """Yjs cannot move: the cell that came back is another one, though all looks as before."""
    cells = [Cell(f"id{n}", "code", f"line_{n} = {n}", {}) for n in range(3)]
    start = NotebookContent(tuple(cells), {})
    room = Room(start)
    room.colleague(NotebookContent((cells[1], cells[2], cells[0]), {}))
    room.colleague(start)
    edited = Cell("id0", "code", "line_0 = 0\ntyped = 1", {})
    outcome = room.save(NotebookContent((edited, cells[2]), {}))
    assert outcome.merged == NotebookContent((edited, cells[2]), {})
