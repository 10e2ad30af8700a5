"""A notebook that was made from a known one is read quickly, and no less exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_files import STYLES, edits, notebook_files
from rtcd.disk.notebook_format import format_notebook, parse_notebook
from rtcd.disk.notebook_reading import forget_readings, read_notebook, read_rewritten
from rtcd.errors import HeldError


def notebook(*sources: str, with_ids: bool = True) -> bytes:
    cells: list[dict[str, Any]] = [
        {"cell_type": "raw", "metadata": {}, "source": source} for source in sources
    ]
    if with_ids:
        cells = [{**cell, "id": cell["source"][:1]} for cell in cells]
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return STYLES["nbformat"](whole)


def reused(before: bytes, after: bytes) -> list[bool]:
    """Which cells of the second file are, as objects, cells of the first."""
    forget_readings()
    known = read_notebook(before)
    again = read_rewritten(after.decode(), after, known)
    return [any(cell is old for old in known.content.cells) for cell in again.content.cells]


def test_cells_that_stand_there_again_are_not_read_again() -> None:
    before = notebook("a", "b", "c", "d")
    assert reused(before, notebook("a", "bb", "c", "d")) == [True, False, True, True]
    assert reused(before, notebook("aa", "bb", "c", "d")) == [False, False, True, True]
    assert reused(before, notebook("x", "a", "b", "c", "d")) == [False, True, True, True, True]
    assert reused(before, notebook("a", "c", "d")) == [True, True, True]


@pytest.mark.parametrize("half", ["\\ud800", "\\uDC00"])
@pytest.mark.parametrize(
    ("old", "new"),
    [('"source": "b"', '"source": "%s"'), ('},\n "nbformat"', '"k": "%s"},\n "nbformat"')],
    ids=["in a new cell", "in the metadata"],
)
def test_half_a_character_beside_cells_that_are_known_is_found(
    old: str, new: str, half: str
) -> None:
    before = notebook("a", "b", "c").decode()
    assert before.count(old) == 1
    forget_readings()
    read_notebook(before.encode())
    with pytest.raises(HeldError, match="half a surrogate pair"):
        read_notebook(before.replace(old, new % half).encode(), known=before.encode())


def test_the_same_without_ids() -> None:
    before = notebook("a", "b", "c", "d", with_ids=False)
    after = notebook("a", "bb", "cc", "d", with_ids=False)
    assert reused(before, after) == [True, False, False, True]
    longer = notebook("x", "a", "b", "c", "d", with_ids=False)
    assert reused(before, longer) == [False, True, True, True, True]


@given(notebook_files(), notebook_files())
def test_law_reading_with_any_other_notebook_known_gives_the_same(a: bytes, b: bytes) -> None:
    forget_readings()
    known = read_notebook(a)
    again = read_rewritten(b.decode(), b, known)
    forget_readings()
    fresh = read_notebook(b)
    assert json.dumps(again.top.slots) == json.dumps(fresh.top.slots)
    assert repr(again) == repr(fresh)


@given(notebook_files(), st.data())
def test_law_reading_what_was_written_gives_the_same_as_reading_it_afresh(
    data: bytes, draw: st.DataObject
) -> None:
    content = draw.draw(edits(parse_notebook(data)))
    written = format_notebook(content, data)
    remembered = read_notebook(written)
    forget_readings()
    assert repr(read_notebook(written)) == repr(remembered)
