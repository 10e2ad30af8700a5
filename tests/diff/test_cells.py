"""Which new cell is which old one."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from notebook_samples import code, image, text
from rtcd.content import Cell
from rtcd.diff.cells import match_cells

LOAD = "data = load('measurements.csv')\nprint(len(data))\n"
PLOT = "figure, axes = plt.subplots()\naxes.plot(data)\n"
FIT = "model = fit(data, degree=3)\nprint(model.summary())\n"
NOTE = "# Results\n\nThe fit is good enough.\n"


def named(*sources: str) -> list[Cell]:
    return [code(source, f"id-{place}") for place, source in enumerate(sources)]


def nameless(*sources: str) -> list[Cell]:
    return [code(source) for source in sources]


def test_equal_notebooks_match_one_to_one() -> None:
    cells = named(LOAD, PLOT, FIT)
    assert match_cells(cells, cells) == (0, 1, 2)


def test_cells_are_followed_by_id_through_a_move_and_an_edit() -> None:
    old = named(LOAD, PLOT, FIT)
    new = [replace(old[2], source=FIT + "print('done')\n"), old[0], old[1]]
    assert match_cells(old, new) == (2, 0, 1)


def test_a_cell_that_is_known_as_an_object_is_no_copy_of_its_id() -> None:
    """A copy with the same id and another source stands before the cell itself."""
    old = named(LOAD, PLOT, FIT)
    copy = replace(old[1], source=PLOT + "axes.grid()\n")
    assert match_cells(old, [old[0], copy, old[1], old[2]]) == (0, None, 1, 2)


def test_one_object_that_stands_in_two_places_is_given_once() -> None:
    cell = named(LOAD)[0]
    assert match_cells([cell], [cell, cell]) == (0, None)
    assert match_cells([cell, cell], [cell]) == (0,)


def test_regenerated_ids_change_nothing() -> None:
    old = named(LOAD, PLOT, FIT)
    new = [replace(cell, id=f"new-{cell.id}") for cell in old]
    assert match_cells(old, new) == (0, 1, 2)


def test_an_edit_beside_an_insertion_is_found_without_ids() -> None:
    """jupytext gives the inserted cell the edited one's place (merging 8)."""
    old = nameless(LOAD, PLOT, FIT)
    new = nameless(LOAD, "import seaborn\n", PLOT + "axes.grid()\n", FIT)
    assert match_cells(old, new) == (0, None, 1, 2)


def test_a_deletion_beside_an_edit_is_found_without_ids() -> None:
    assert match_cells(nameless(LOAD, PLOT, FIT), nameless(PLOT + "plt.show()\n", FIT)) == (1, 2)


def test_an_edit_and_a_swap_with_the_neighbour_are_found_without_ids() -> None:
    old = nameless(LOAD, PLOT, FIT)
    assert match_cells(old, nameless(LOAD, FIT, PLOT + "plt.show()\n")) == (0, 2, 1)


def test_a_stolen_id_does_not_win_against_the_same_source() -> None:
    """The inserted cell carries the id of the cell that it pushed down."""
    old = named(LOAD, PLOT)
    new = [code("import numpy as np\n", "id-0"), code(LOAD, "fresh"), old[1]]
    assert match_cells(old, new) == (None, 0, 1)


def test_a_stolen_id_does_not_win_against_a_similar_source() -> None:
    old = named(LOAD, PLOT)
    new = [text("What this is about\n", "id-0"), code(LOAD + "data.head()\n", "fresh"), old[1]]
    assert match_cells(old, new) == (None, 0, 1)


def test_ids_that_number_the_places_do_not_fool() -> None:
    sources = [f"plot(data['column {n}'], color={n})\n" for n in range(20)]
    new = named("import matplotlib\n", *sources)
    assert match_cells(named(*sources), new) == (None, *range(20))


def test_a_copy_does_not_take_the_place_of_the_edited_original() -> None:
    old = named(LOAD)
    new = [replace(old[0], source=LOAD + "print(data)\n"), code(LOAD, "copy")]
    assert match_cells(old, new) == (0, None)


def test_an_id_is_believed_when_the_cell_was_rewritten_entirely() -> None:
    old = named(LOAD, PLOT)
    new = [replace(old[0], source="1 + 1"), old[1]]
    assert match_cells(old, new) == (0, 1)


def test_an_empty_cell_that_was_filled_keeps_its_id_while_another_was_emptied() -> None:
    old = named("", "x = 1")
    new = [replace(old[0], source="x = 1"), replace(old[1], source="")]
    assert match_cells(old, new) == (0, 1)


def test_the_first_of_duplicate_ids_is_meant() -> None:
    old = [code(LOAD, "same"), code(PLOT, "same")]
    assert match_cells(old, [code(LOAD, "same"), code(PLOT, "same")]) == (0, 1)


def test_a_rewritten_cell_without_id_stays_in_its_slot() -> None:
    assert match_cells(nameless(LOAD, "x", FIT), nameless(LOAD, "something else", FIT)) == (0, 1, 2)


def test_a_new_cell_with_an_id_of_its_own_does_not_take_a_deleted_ones_slot() -> None:
    old = named(LOAD, "x", FIT)
    new = [old[0], code("something else", "other"), old[2]]
    assert match_cells(old, new) == (0, None, 2)


def test_the_type_may_change() -> None:
    assert match_cells(nameless(NOTE), [text(NOTE)]) == (0,)


def test_the_first_similar_part_of_a_split_cell_keeps_it() -> None:
    old = nameless(LOAD + PLOT, FIT)
    assert match_cells(old, nameless(LOAD, PLOT, FIT)) == (0, None, 1)


def test_the_longer_part_of_merged_cells_keeps_its_cell() -> None:
    old = nameless("x = 1\n", FIT)
    assert match_cells(old, nameless("x = 1\n" + FIT)) == (1,)


def test_equal_outputs_decide_between_similar_sources() -> None:
    shown = (image("A" * 50),)
    old = [code("draw(first, size=1)\n"), code("draw(first, size=2)\n", outputs=shown)]
    new = [code("draw(first, size=3)\n", outputs=shown)]
    assert match_cells(old, new) == (1,)


def test_a_formatter_is_seen_through() -> None:
    old = nameless("call(a,b)\n" * 3, "x = {'a':1,'b':2}\n", "call(a,c)\n" * 3)
    new = nameless("call(a, b)\n" * 3, 'x = {"a": 1, "b": 2}\n', "call(a, c)\n" * 3)
    assert match_cells(old, new) == (0, 1, 2)


def test_many_changed_cells_without_ids_keep_their_order() -> None:
    old = nameless(*(f"value_{n} = {n * 7919 % 1013}\nprint(value_{n})\n" for n in range(300)))
    new = [replace(cell, source=cell.source.replace("print", "display")) for cell in old]
    assert match_cells(old, new) == tuple(range(300))


SOURCES = st.sampled_from(["", "x", "import os", LOAD, PLOT, FIT, LOAD + "y", NOTE, "x = 1\n"])
CELLS = st.lists(
    st.builds(
        Cell,
        st.sampled_from([None, "a", "b", "c", "d", "e"]),
        st.sampled_from(["code", "markdown"]),
        SOURCES,
    ),
    max_size=8,
)


@given(CELLS, CELLS)
def test_no_old_cell_is_given_twice(old: list[Cell], new: list[Cell]) -> None:
    origins = [origin for origin in match_cells(old, new) if origin is not None]
    assert len(origins) == len(set(origins))
    assert all(0 <= origin < len(old) for origin in origins)


@given(CELLS)
def test_a_notebook_matches_itself_when_its_ids_are_lost(cells: list[Cell]) -> None:
    lost = [replace(cell, id=None) for cell in cells]
    assert match_cells(lost, lost) == tuple(range(len(cells)))
