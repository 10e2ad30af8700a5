"""A settled conflict: the chosen side in place of the merge, and everything later stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rtcd.conflict import Conflict, Side
from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.sync.choices import places_of_choice, without_repeats
from rtcd.sync.settling import KeptFiles, is_deletion, settled_content


def a_conflict(
    base: str, disk: str, shared: str, merged: str, *, cell: str | None = None, **given: str
) -> Conflict:
    made = Conflict(
        id="k3f9ab",
        path="a",
        cell=cell,
        reason="same-line",
        created=0.0,
        disk=Side("Ada", disk),
        shared=Side("Grace", shared),
        base=base,
        merged=merged,
    )
    return replace(made, **given)


def cells(**sources: str) -> NotebookContent:
    return NotebookContent(tuple(Cell(id, "code", source) for id, source in sources.items()))


def test_every_order_of_decisions_ends_at_the_last_one_and_keeps_later_lines():
    conflict = a_conflict("one two\nend\n", "one 2\nend\n", "1 two\nend\n", "1 2\nend\n")
    live = TextContent("1 2\nend\ntyped later\n")
    for keep, wanted in [
        ("disk", "one 2"),
        ("shared", "1 two"),
        ("disk", "one 2"),
        ("merged", "1 2"),
    ]:
        live = settled_content(conflict, keep, None, live)
        assert live == TextContent(f"{wanted}\nend\ntyped later\n")


def test_a_side_can_be_had_after_a_merge_by_hand_and_after_typing_in_its_line():
    conflict = a_conflict("one two\nend\n", "one 2\nend\n", "1 two\nend\n", "1 2\nend\n")
    for live in ("uno due\nend\n", "1 or 2, who knows\nend\n", "one 2 three\nend\n"):
        for keep, wanted in [("disk", "one 2\nend\n"), ("shared", "1 two\nend\n")]:
            assert settled_content(conflict, keep, None, TextContent(live)) == TextContent(wanted)


def test_what_others_did_to_other_lines_since_stays():
    conflict = a_conflict(
        "top\none two\nmid\nend\n",
        "top\none 2\nmid\nend\n",
        "top\n1 two\nmid\nend\n",
        "top\n1 2\nmid\nend\n",
    )
    live = TextContent("new\ntop!\nbefore\n1 2 three\nmid!\nend\nlast\n")
    wanted = "new\ntop!\nbefore\none 2\nmid!\nend\nlast\n"
    assert settled_content(conflict, "disk", None, live) == TextContent(wanted)
    by_hand = "top\nmine\nmid\nend\n"
    assert settled_content(conflict, "merged", by_hand, live) == TextContent(
        wanted.replace("one 2", "mine")
    )


def test_a_text_without_a_last_line_end_is_settled_too():
    conflict = a_conflict("a b", "a B", "A b", "A B")
    assert settled_content(conflict, "disk", None, TextContent("A B\nnew")) == TextContent(
        "a B\nnew"
    )


def test_a_text_made_by_hand_wins():
    conflict = a_conflict("a\n", "b\n", "c\n", "bc\n")
    assert settled_content(conflict, "merged", "d\n", TextContent("bc\n")) == TextContent("d\n")


def test_a_cell_that_a_side_had_not_goes_and_comes_back_in_its_place():
    files = KeptFiles(
        disk=cells(a="1", c="3"),
        shared=cells(a="1", b="edited", c="3"),
        merged=cells(a="1", b="edited", c="3"),
    )
    conflict = a_conflict("2", "", "edited", "edited", cell="b", reason="delete-edit")
    live = cells(a="1", b="edited", c="3", d="later")
    without = settled_content(conflict, "disk", None, live, files)
    assert without == cells(a="1", c="3", d="later")
    assert settled_content(conflict, "shared", None, without, files) == live


def test_an_empty_cell_is_not_a_deleted_one():
    files = KeptFiles(disk=cells(a=""), shared=cells(a="x"), merged=cells(a="x"))
    conflict = a_conflict("y", "", "x", "x", cell="a")
    assert settled_content(conflict, "disk", None, cells(a="x"), files) == cells(a="")


def test_of_two_cells_made_under_one_id_one_stays():
    files = KeptFiles(
        disk=cells(n="mine"), shared=cells(n="theirs"), merged=cells(n="theirs", t="mine")
    )
    conflict = a_conflict("", "mine", "theirs", "theirs\nmine", cell="n", reason="both-created")
    live = cells(n="theirs", t="mine")
    mine = settled_content(conflict, "disk", None, live, files)
    assert mine == cells(t="mine")
    theirs = settled_content(conflict, "shared", None, mine, files)
    assert theirs == cells(n="theirs")
    assert settled_content(conflict, "merged", None, theirs, files) == live


def test_a_whole_notebook_is_brought_back_from_its_file():
    files = KeptFiles(disk=cells(a="1"), shared=cells(b="2"), merged=cells(b="2", a="1"))
    conflict = a_conflict("", "1", "2", "2\n\n1", reason="both-created")
    live = cells(b="2", a="1", later="3")
    assert settled_content(conflict, "disk", None, live, files) == cells(a="1", later="3")


@pytest.mark.parametrize(("keep", "is_one"), [("disk", True), ("shared", False), ("merged", False)])
def test_a_side_without_a_file_is_a_deletion(keep: str, is_one: bool):
    conflict = a_conflict("a\n", "", "b\n", "b\n", reason="delete-edit", shared_blob="f" * 64)
    assert is_deletion(conflict, keep) is is_one


def test_a_decision_about_a_notebook_is_recorded_for_the_cells_it_is_about():
    base = cells(a="1", b="2", c="3")
    saved = cells(a="1", b="2", c="changed by the save")
    shared = cells(a="1 and more", b="2", c="3", d="new")
    found = places_of_choice("stale-save", base=base, saved=saved, shared=shared, merged=shared)
    assert [(o.cell, o.base, o.ours, o.theirs) for o in found] == [
        ("a", "1", "1", "1 and more"),
        ("d", "", "", "new"),
    ]


def test_ids_made_anew_by_an_editor_do_not_hide_the_cell():
    base = cells(a="print(1)", b="second = 2")
    saved = cells(x="print(1)", y="second = 2")
    shared = cells(a="print(1)", b="second = 22")
    found = places_of_choice("stale-save", base=base, saved=saved, shared=shared, merged=shared)
    assert [(o.cell, o.ours, o.theirs) for o in found] == [("b", "second = 2", "second = 22")]


def test_one_place_has_one_record_and_the_plainer_fact_is_it():
    a, b = TextContent("a"), TextContent("b")
    choice = places_of_choice("stale-save", base=a, saved=a, shared=b, merged=b)
    same_line, deleted = (replace(choice[0], reason=r) for r in ("same-line", "delete-edit"))
    assert without_repeats(choice, [same_line]) == choice
    assert without_repeats(choice, [deleted]) == (deleted,)
