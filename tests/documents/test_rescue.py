"""Typing in a cell that a save moves or deletes meanwhile is not lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pycrdt import Array

from notebook_samples import code, notebook, stream
from rtcd.content import NotebookContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.notebook_document import NotebookDocument
from rtcd.documents.rescue import Rescue, replay

A = code("a = 'the first cell'\n", "a")
B = code("b = 'the second cell'\n", "b")
C = code("c = 'the third cell'\n", "c")


class Desk:
    """One daemon with a live document and a shadow, and somebody in a browser."""

    def __init__(self, base: NotebookContent) -> None:
        self.shadow = NotebookDocument(SharedDoc())
        self.shadow.become(base)
        self.live = self.shadow.fork()
        self.somebody = self.shadow.fork()

    def receive(self) -> bytes:
        """What somebody did reaches the live document."""
        update = self.somebody.shared.update_since(self.live.shared.state_vector())
        self.live.shared.apply_update(update)
        return update

    def save(self, new: NotebookContent) -> Rescue:
        """A save becomes an edit of the shadow, and reaches the live document."""
        before = self.shadow.fork()
        state = self.shadow.shared.state_vector()
        not_seen = self.live.shared.update_since(state)
        self.shadow.become(new)
        assert self.shadow.last_edit is not None
        rescue = Rescue(before, self.shadow.last_edit)
        lost = rescue.feed(not_seen)
        self.live.shared.apply_update(self.shadow.shared.update_since(state))
        for rescued in lost:
            replay(self.live, rescued)
        return rescue

    def type(self, cell_id: str, said: str) -> bytes:
        """Somebody types at the start of a cell; the raw update."""
        before = self.somebody.shared.state_vector()
        index = self.somebody.cell_ids().index(cell_id)
        source = self.somebody.shared.raw.get("cells", type=Array)[index]["source"]
        source.insert(0, said)
        return self.somebody.shared.update_since(before)


def test_typing_before_the_move_arrived_is_made_again_on_the_copy() -> None:
    desk = Desk(notebook(A, B, C))
    desk.type("c", "typed ")
    desk.receive()
    desk.save(notebook(replace(C, source=C.source + "saved\n"), A, B))
    moved = replace(C, source="typed " + C.source + "saved\n")
    assert desk.live.content() == notebook(moved, A, B)


def test_typing_that_arrives_after_the_move_is_made_again_on_the_copy() -> None:
    desk = Desk(notebook(A, B, C))
    rescue = desk.save(notebook(C, A, B))
    for said in ("first ", "second "):
        update = desk.type("c", said)
        desk.receive()
        for rescued in rescue.feed(update):
            assert replay(desk.live, rescued)
    moved = replace(C, source="second first " + C.source)
    assert desk.live.content() == notebook(moved, A, B)


def test_a_deleted_cell_that_somebody_typed_in_comes_back_to_its_place() -> None:
    desk = Desk(notebook(A, B, C))
    rescue = desk.save(notebook(A, C))
    update = desk.type("b", "typed ")
    desk.receive()
    (rescued,) = rescue.feed(update)
    assert rescued.deleted
    assert replay(desk.live, rescued)
    assert desk.live.content() == notebook(A, replace(B, source="typed " + B.source), C)


def test_a_deleted_first_cell_comes_back_first() -> None:
    desk = Desk(notebook(A, B))
    desk.type("a", "typed ")
    desk.receive()
    desk.save(notebook(B))
    assert desk.live.content() == notebook(replace(A, source="typed " + A.source), B)


def test_typing_elsewhere_is_no_matter_of_rescue() -> None:
    desk = Desk(notebook(A, B, C))
    rescue = desk.save(notebook(A, C))
    assert rescue.feed(desk.type("a", "typed ")) == ()


def test_outputs_of_a_kernel_move_along_but_bring_no_deleted_cell_back() -> None:
    for save, expected in (
        (notebook(C, A, B), [replace(C, outputs=(stream("1\n"),), execution_count=1), A, B]),
        (notebook(A, B), [A, B]),
    ):
        desk = Desk(notebook(A, B, C))
        ran = replace(C, outputs=(stream("1\n"),), execution_count=1)
        desk.somebody.become(notebook(A, B, ran))
        desk.receive()
        desk.save(save)
        assert list(desk.live.content().cells) == expected


def test_metadata_of_both_sides_comes_together_on_the_copy() -> None:
    base = replace(C, metadata={"old": 1, "gone": 1})
    desk = Desk(notebook(A, B, base))
    desk.somebody.become(notebook(A, B, replace(C, metadata={"old": 1, "theirs": 2})))
    desk.receive()
    desk.save(notebook(replace(C, metadata={"old": 3, "gone": 1}), A, B))
    assert desk.live.content().cells[0].metadata == {"old": 3, "theirs": 2}


def test_a_copy_that_was_deleted_by_somebody_who_saw_it_stays_deleted() -> None:
    desk = Desk(notebook(A, B, C))
    rescue = desk.save(notebook(C, A, B))
    update = desk.type("c", "typed ")
    desk.live.become(notebook(A, B))
    (rescued,) = rescue.feed(update)
    assert not replay(desk.live, rescued)
    assert desk.live.content() == notebook(A, B)


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0), (2, 1, 0), (1, 0, 2)])
def test_whatever_is_moved_nothing_typed_is_lost(order: tuple[int, ...]) -> None:
    cells = (A, B, C)
    desk = Desk(notebook(*cells))
    for cell_id in "abc":
        desk.type(cell_id, f"before {cell_id} ")
    desk.receive()
    rescue = desk.save(notebook(*(cells[place] for place in order)))
    for cell_id in "abc":
        update = desk.type(cell_id, f"after {cell_id} ")
        desk.receive()
        for rescued in rescue.feed(update):
            replay(desk.live, rescued)
    typed = [
        replace(cell, source=f"after {cell.id} before {cell.id} {cell.source}") for cell in cells
    ]
    assert desk.live.content() == notebook(*(typed[place] for place in order))
