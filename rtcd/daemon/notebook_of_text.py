"""The notebook that a text without one gets when it is paired."""

from __future__ import annotations

from rtcd.content import Cell, NotebookContent
from rtcd.documents.notebook_document import random_id
from rtcd.paired.reading import read_script
from rtcd.paired.script import ScriptFormat

KERNELS = {
    ".py": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
}


def notebook_of_text(text: str, fmt: ScriptFormat) -> tuple[NotebookContent, str]:
    """The notebook that a text stands for, not paired yet, and what its pair will be called."""
    script = read_script(text, fmt)
    cells = tuple(
        Cell(random_id(), cell.cell_type, cell.source, cell.metadata) for cell in script.cells
    )
    stated = {key: value for key, value in script.metadata.items() if key != "jupytext"}
    kernel = KERNELS.get(fmt.extension)
    if kernel is not None:
        stated.setdefault("kernelspec", kernel)
    header = script.metadata.get("jupytext", {}).get("text_representation", {})
    name = fmt.name or header.get("format_name") or script.name
    formats = str(ScriptFormat(fmt.extension, name or None))
    return NotebookContent(cells, stated), f"ipynb,{formats}"
