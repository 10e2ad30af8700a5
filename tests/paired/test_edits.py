"""Edits of the text that people really make, and whose outputs are whose afterwards."""

from __future__ import annotations

import pytest

from paired.samples import MARKED, code, of_cells, outputs, paired, read, saved
from rtcd.content import Cell
from rtcd.paired.pairing import Pairing
from rtcd.paired.rewriting import rewritten
from rtcd.paired.script import ScriptFormat

ONE = "import pandas as pd\ntable = pd.read_csv('one.csv')"
TWO = "grouped = table.groupby('city')\ngrouped.mean()"
THREE = "figure, axes = subplots()\naxes.plot(grouped.sum())"
NOTEBOOK = of_cells(code("a", ONE), code("b", TWO), code("c", THREE))
A, B, C = "output of a\n", "output of b\n", "output of c\n"


@pytest.fixture(params=MARKED[:3], ids=str)
def fmt(request: pytest.FixtureRequest) -> ScriptFormat:
    return request.param


def told(made) -> list[tuple[str, str, str]]:
    return [
        (str(cell.id), cell.source, "".join(str(o["text"]) for o in cell.outputs))
        for cell in made.cells
    ]


def test_one_cell_edited(fmt: ScriptFormat):
    pairing = paired(NOTEBOOK, fmt)
    made = saved(pairing, pairing.script.text.replace("mean", "median"))
    assert told(made) == [
        ("a", ONE, A),
        ("b", TWO.replace("mean", "median"), B),
        ("c", THREE, C),
    ]


def test_a_cell_edited_and_one_inserted_before_it():
    pairing = paired(NOTEBOOK)
    text = pairing.script.text.replace("mean", "median")
    text = text.replace("# %%\ngrouped", "# %%\nfresh = 1\n\n# %%\ngrouped")
    assert told(saved(pairing, text)) == [
        ("a", ONE, A),
        ("new1", "fresh = 1", ""),
        ("b", TWO.replace("mean", "median"), B),
        ("c", THREE, C),
    ]


def test_a_cell_deleted_and_the_next_one_edited():
    pairing = paired(NOTEBOOK)
    text = pairing.script.text.replace(f"# %%\n{ONE}\n\n", "").replace("mean", "median")
    assert told(saved(pairing, text)) == [
        ("b", TWO.replace("mean", "median"), B),
        ("c", THREE, C),
    ]


def test_a_cell_edited_and_swapped_with_its_neighbour():
    pairing = paired(NOTEBOOK)
    text = pairing.script.text
    text = text.replace(TWO, "@").replace(THREE, TWO.replace("mean", "median")).replace("@", THREE)
    assert told(saved(pairing, text)) == [
        ("a", ONE, A),
        ("c", THREE, C),
        ("b", TWO.replace("mean", "median"), B),
    ]


def test_a_cell_rewritten_stays_in_its_place():
    pairing = paired(NOTEBOOK)
    made = saved(pairing, pairing.script.text.replace(TWO, "something_else()"))
    assert told(made)[1] == ("b", "something_else()", B)


def test_a_cell_split_in_two_keeps_its_outputs_with_the_first_part():
    pairing = paired(NOTEBOOK)
    made = saved(pairing, pairing.script.text.replace(TWO, TWO.replace("\n", "\n\n# %%\n")))
    assert told(made) == [
        ("a", ONE, A),
        ("b", "grouped = table.groupby('city')", B),
        ("new1", "grouped.mean()", ""),
        ("c", THREE, C),
    ]


def test_a_marker_deleted_joins_two_cells_and_loses_no_line():
    pairing = paired(NOTEBOOK)
    made = saved(pairing, pairing.script.text.replace(f"# %%\n{TWO}", TWO))
    assert [cell.source for cell in made.cells] == [f"{ONE}\n\n{TWO}", THREE]
    assert told(made)[1] == ("c", THREE, C)


def test_two_cells_of_one_length_joined_elsewhere_are_the_first_of_them():
    one, two = "first_a = 1\nfirst_b = 2", "other_a = 1\nother_b = 2"
    pairing = paired(of_cells(code("a", one), code("b", two), code("c", THREE)))
    text = pairing.script.text
    marker = text.index("# %%")
    made = saved(pairing, f"{text[:marker]}# %%\n{THREE}\n\n# %%\n{one}\n{two}\n")
    assert told(made) == [("c", THREE, C), ("a", f"{one}\n{two}", A)]


def test_two_markers_on_one_line_lose_nothing():
    pairing = paired(NOTEBOOK)
    made = saved(pairing, pairing.script.text.replace(f"# %%\n{TWO}", f"# %% # %%\n{TWO}"))
    assert [cell.source for cell in made.cells] == [ONE, TWO, THREE]
    assert outputs(made)["grouped = table.groupby('city')"] == B


def test_a_formatter_over_the_whole_text_moves_no_output():
    pairing = paired(NOTEBOOK)
    text = pairing.script.text.replace("'", '"').replace(", axes", ",axes")
    made = saved(pairing, text)
    assert [(identity, out) for identity, _, out in told(made)] == [("a", A), ("b", B), ("c", C)]


def test_a_cell_made_markdown_keeps_its_id_and_text():
    pairing = paired(NOTEBOOK)
    text = pairing.script.text.replace("# %%\ngrouped", "# %% [markdown]\n# grouped")
    text = text.replace("\ngrouped.mean()", "\n# grouped.mean()")
    made = saved(pairing, text)
    assert (made.cells[1].id, made.cells[1].cell_type, made.cells[1].source) == (
        "b",
        "markdown",
        TWO,
    )


def test_tags_travel_both_ways_and_other_metadata_stays():
    kept = Cell("a", "code", ONE, {"collapsed": True, "tags": ["old"]})
    pairing = paired(of_cells(kept))
    assert 'tags=["old"]' in pairing.script.text
    made = saved(pairing, pairing.script.text.replace('["old"]', '["new", "two"]'))
    assert made.cells[0].metadata == {"collapsed": True, "tags": ["new", "two"]}
    back = rewritten(pairing, made)
    assert 'tags=["new", "two"]' in back.script.text


def test_a_header_taken_away_takes_nothing_from_the_notebook():
    pairing = paired(NOTEBOOK)
    body = "".join(pairing.script.text.splitlines(keepends=True)[pairing.script.header_end :])
    made = saved(pairing, body)
    assert made == NOTEBOOK


def test_another_kernel_in_the_header_is_the_notebooks():
    pairing = paired(NOTEBOOK)
    made = saved(pairing, pairing.script.text.replace("name: python3", "name: gpu"))
    assert made.metadata["kernelspec"]["name"] == "gpu"
    assert "jupytext" not in made.metadata


def test_magics_written_by_hand_stay_as_they_are_written():
    pairing = paired(of_cells(code("a", "%matplotlib inline\nx = 1"), code("b", "y = 2")))
    text = pairing.script.text.replace("# %matplotlib inline", "%matplotlib   inline")
    text = text.replace("y = 2", "!ls  -l")
    made = saved(pairing, text)
    assert [cell.source for cell in made.cells] == ["%matplotlib   inline\nx = 1", "!ls  -l"]
    by_hand = Pairing.of(read(text), made)
    cells = (made.cells[0], code("b", "!ls  -l\nz = 3"))
    again = rewritten(by_hand, of_cells(*cells)).script.text
    assert again == text.replace("!ls  -l", "!ls  -l\nz = 3")
