"""What holds for every notebook and every format that jupytext knows."""

from __future__ import annotations

import random
from dataclasses import replace

import jupytext
import pytest

from notebook_files import FIXTURES
from paired.samples import FORMATS, MARKED, ids, paired, read, saved, with_ids
from rtcd.content import NotebookContent
from rtcd.disk.notebook_format import parse_notebook
from rtcd.paired.pairing import Pairing
from rtcd.paired.reading import read_script
from rtcd.paired.rewriting import rewritten
from rtcd.paired.script import ScriptFormat

NOTEBOOKS = {path.stem: with_ids(parse_notebook(path.read_bytes())) for path in FIXTURES}
CASES = [(name, fmt) for name in NOTEBOOKS for fmt in FORMATS]
FEW = ("all-output-types-4.5", "data-science", "duplicate-cell-ids", "widgets")
SMALL = [(name, fmt) for name, fmt in CASES if name in FEW]


def named(case: tuple[str, ScriptFormat]) -> str:
    return f"{case[0]}-{case[1]}"


@pytest.mark.long
@pytest.mark.parametrize("case", [case for case in CASES if case not in SMALL], ids=named)
def test_without_an_edit_neither_face_of_any_other_notebook_changes(case: tuple[str, ScriptFormat]):
    test_without_an_edit_neither_face_changes(case)


@pytest.mark.parametrize("case", SMALL, ids=named)
def test_without_an_edit_neither_face_changes(case: tuple[str, ScriptFormat]):
    name, fmt = case
    notebook = NOTEBOOKS[name]
    pairing = paired(notebook, fmt)
    again = read_script(pairing.script.text, fmt)
    assert pairing.notebook_for(again, ids()) == notebook
    assert rewritten(pairing, notebook).script.text == pairing.script.text
    run_again = replace(
        notebook,
        cells=tuple(
            replace(cell, outputs=(), execution_count=7) if cell.cell_type == "code" else cell
            for cell in notebook.cells
        ),
    )
    assert rewritten(pairing, run_again).script.text == pairing.script.text


@pytest.mark.parametrize("case", SMALL, ids=named)
def test_an_edit_of_a_cell_in_the_room_changes_the_lines_of_that_cell(
    case: tuple[str, ScriptFormat],
):
    name, fmt = case
    notebook = NOTEBOOKS[name]
    pairing = paired(notebook, fmt)
    for place in sorted({0, len(notebook.cells) // 2, len(notebook.cells) - 1}):
        cell = notebook.cells[place]
        edited = _with_source(notebook, place, cell.source + "\ntoken_x = 1")
        text = rewritten(pairing, edited).script.text
        before, after = pairing.script.text.splitlines(), text.splitlines()
        new = [line for line in after if line not in before]
        assert len(new) <= 2, new
        assert "token_x" in "".join(new)
        gone = [line for line in before if line not in after and line not in cell.source]
        assert len(gone) <= 1, gone


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_cells_are_read_as_jupytext_reads_them(fmt: ScriptFormat):
    for name in ("data-science", "widgets", "all-output-types-4.5", "julia"):
        text = paired(NOTEBOOKS[name], fmt).script.text
        theirs = jupytext.reads(text, fmt.long_form())
        ours = read(text, fmt)
        assert [(c.cell_type, c.source) for c in ours.cells] == [
            (c.cell_type, c.source) for c in theirs.cells
        ]


@pytest.mark.parametrize("fmt", MARKED, ids=str)
def test_an_edit_of_a_cell_in_the_text_changes_the_source_of_that_cell(fmt: ScriptFormat):
    notebook = NOTEBOOKS["data-science"]
    pairing = paired(notebook, fmt)
    line = next(
        line for line in pairing.script.text.splitlines() if line.strip().startswith("import")
    )
    changed = saved(pairing, pairing.script.text.replace(line, f"{line}  # seen"))
    differing = [
        (old, new) for old, new in zip(notebook.cells, changed.cells, strict=True) if old != new
    ]
    assert len(differing) == 1
    old, new = differing[0]
    assert new == replace(old, source=new.source)
    assert "# seen" in new.source


@pytest.mark.parametrize("seed", range(12))
def test_reading_only_what_changed_gives_what_reading_all_gives(seed: int):
    rng = random.Random(seed)
    fmt = rng.choice(FORMATS)
    notebook = NOTEBOOKS[rng.choice(["data-science", "widgets", "no-cell-ids-4.0"])]
    script = paired(notebook, fmt).script
    for _ in range(8):
        lines = script.text.splitlines()
        at = rng.randrange(min(script.header_end or 20, len(lines)), len(lines) + 1)
        till = min(len(lines), at + rng.choice([0, 0, 1, 3]))
        lines[at:till] = rng.choice(
            [["# %%"], ["x = 1", ""], [], ["# +"], ["```python"], ["```"], ["", "", ""], ['"""']]
        )
        text = "\n".join(lines) + "\n"
        quick = read_script(text, fmt, like=script)
        assert quick == read(text, fmt)
        script = quick


def _with_source(notebook: NotebookContent, place: int, source: str) -> NotebookContent:
    cells = list(notebook.cells)
    cells[place] = replace(cells[place], source=source)
    return replace(notebook, cells=tuple(cells))


@pytest.mark.parametrize("fmt", MARKED, ids=str)
def test_a_pairing_knows_every_cell_of_a_format_that_holds_them(fmt: ScriptFormat):
    for name, notebook in NOTEBOOKS.items():
        if (name, fmt) in SMALL:
            made: Pairing = paired(notebook, fmt)
            assert made.is_exact, (fmt, made.places)
