"""Notebooks and formats for the tests of paired texts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

from rtcd.content import Cell, NotebookContent
from rtcd.paired.pairing import Pairing
from rtcd.paired.reading import read_script
from rtcd.paired.script import Script, ScriptFormat
from rtcd.paired.writing import write_script

PERCENT = ScriptFormat(".py", "percent")
FORMATS = [
    PERCENT,
    ScriptFormat(".py", "light"),
    ScriptFormat(".py", "hydrogen"),
    ScriptFormat(".py", "nomarker"),
    ScriptFormat(".py", "sphinx"),
    ScriptFormat(".md", "markdown"),
    ScriptFormat(".md", "myst"),
    ScriptFormat(".Rmd", "rmarkdown"),
    ScriptFormat(".R", "spin"),
    ScriptFormat(".R", "light"),
    ScriptFormat(".jl", "percent"),
    ScriptFormat(".cpp", "percent"),
    ScriptFormat(".js", "light"),
]
MARKED = [fmt for fmt in FORMATS if fmt.name not in ("nomarker", "sphinx", "spin")]
"""Formats that hold every cell as one cell."""


def ids() -> Callable[[], str]:
    """New ids that can be foretold."""
    numbers = itertools.count(1)
    return lambda: f"new{next(numbers)}"


def with_ids(notebook: NotebookContent) -> NotebookContent:
    """A notebook as a shared document has it: every cell with an id of its own."""
    cells = (replace(cell, id=f"id{place}") for place, cell in enumerate(notebook.cells))
    return replace(notebook, cells=tuple(cells))


def code(identity: str, source: str) -> Cell:
    """A code cell whose output names it."""
    output = {"output_type": "stream", "name": "stdout", "text": f"output of {identity}\n"}
    return Cell(identity, "code", source, {}, (output,), 1)


def of_cells(*cells: Cell) -> NotebookContent:
    """A Python notebook."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return NotebookContent(cells, {"kernelspec": kernel})


def paired(notebook: NotebookContent, fmt: ScriptFormat = PERCENT) -> Pairing:
    """A notebook with the text that jupytext writes for it."""
    return Pairing.of(read(write_script(notebook, fmt), fmt), notebook)


def read(text: str, fmt: ScriptFormat = PERCENT) -> Script:
    """The cells of a text."""
    return read_script(text, fmt)


def saved(pairing: Pairing, text: str) -> NotebookContent:
    """What a saved text makes of the notebook."""
    return pairing.notebook_for(read(text, pairing.script.format), ids())


def outputs(notebook: NotebookContent) -> dict[str | None, str]:
    """The output of every cell, by the first line of its source."""
    return {
        cell.source.split("\n")[0]: "".join(str(output.get("text")) for output in cell.outputs)
        for cell in notebook.cells
    }
