"""Each cell is written from the cell of the file that it came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.content import Cell
from rtcd.disk.cell_pairs import pair_cells


def cells(words: str, kind: str = "code") -> list[Cell]:
    """``1:a`` is a cell with id 1 and source a, ``:a`` has no id."""
    pairs = [word.partition(":") for word in words.split()]
    return [Cell(cell_id or None, kind, source) for cell_id, _, source in pairs]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("1:a 2:b", "1:a 2:b", [0, 1]),
        ("1:a 2:b", "2:b 1:a", [1, 0]),
        ("1:a 2:b", "1:a 3:c 2:b", [0, None, 1]),
        ("1:a 2:b", "1:x 2:y", [0, 1]),
        (":a :b", "7:a 8:b", [0, 1]),
        (":a :b", "7:a 8:x", [0, 1]),
        (":a :b :c", "7:c 8:a 9:b", [2, 0, 1]),
        (":a :b", "7:x 8:a 9:b", [None, 0, 1]),
        # A tool that numbers cells by place: the source tells more than the id.
        ("1:x 2:a 3:b", "1:a 2:b", [1, 2]),
        ("1:a 1:b", "1:a 1:b", [0, 1]),
        ("1:a 1:b", "1:a 1:x", [0, 1]),
        ("", "1:a", [None]),
        ("1:a", "", []),
        (": : :", "4: 5:", [0, 1]),
    ],
)
def test_pairs(old: str, new: str, expected: list[int | None]) -> None:
    assert pair_cells(cells(old), cells(new)) == expected


def test_by_place_only_cells_of_one_type_are_paired() -> None:
    assert pair_cells(cells(":a"), cells("7:x", "markdown")) == [None]


few = st.lists(
    st.builds(
        Cell,
        st.none() | st.sampled_from("12345"),
        st.sampled_from(["code", "raw"]),
        st.sampled_from("abc"),
    ),
    max_size=8,
)


@given(few, few)
def test_law_no_old_cell_is_taken_twice(old: list[Cell], new: list[Cell]) -> None:
    pairs = pair_cells(old, new)
    taken = [index for index in pairs if index is not None]
    assert len(pairs) == len(new)
    assert len(set(taken)) == len(taken)
    assert all(0 <= index < len(old) for index in taken)


@given(few)
def test_law_cells_that_stay_are_paired_with_themselves(old: list[Cell]) -> None:
    pairs = pair_cells(old, old)
    assert [old[index] for index in pairs if index is not None] == old
