"""jupyter_ydoc reads our documents, and we read its."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from notebook_samples import NOTEBOOKS, READABLE, as_json, fixture
from rtcd.content import Cell, NotebookContent, canonical_json
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.notebook_document import NotebookDocument


def as_stock_reads(document: NotebookDocument) -> dict[str, Any]:
    """What the server would save, without ids."""
    return without_ids(YNotebook(document.shared.raw).get(deduplicate=False))


def without_ids(raw: dict[str, Any]) -> dict[str, Any]:
    raw = copy.deepcopy(raw)
    for cell in raw["cells"]:
        cell.pop("id", None)
        cell["metadata"].pop("trusted", None)
        if not cell.get("attachments", True):
            del cell["attachments"]
    return raw


@pytest.mark.parametrize("name", READABLE)
def test_stock_jupyter_reads_what_we_wrote(name: str) -> None:
    content = fixture(name)
    document = NotebookDocument(SharedDoc())
    document.become(content)
    assert canonical_json(as_stock_reads(document)) == canonical_json(as_json(content))


@pytest.mark.parametrize("name", READABLE)
def test_stock_jupyter_reads_what_we_edited(name: str) -> None:
    content = fixture(name)
    document = NotebookDocument(SharedDoc())
    document.become(content)
    cells = tuple(map(changed, reversed(content.cells)))
    new = replace(content, cells=(*cells, Cell(None, "markdown", "# new\n")))
    document.become(new)
    assert canonical_json(as_stock_reads(document)) == canonical_json(as_json(new))


def changed(cell: Cell) -> Cell:
    said = {"output_type": "stream", "name": "stdout", "text": "more\n"}
    return replace(
        cell,
        source=cell.source + "# changed\n",
        metadata={**cell.metadata, "changed": [True, 1.5]},
        outputs=(*cell.outputs[:-1], said) if cell.cell_type == "code" else (),
    )


@pytest.mark.parametrize("name", READABLE)
def test_we_read_what_stock_jupyter_wrote(name: str) -> None:
    content = fixture(name)
    raw = with_joined_lines(name, content)
    stock = YNotebook(Doc())
    stock.set(raw)
    shared = SharedDoc()
    shared.apply_update(stock.ydoc.get_update())
    document = NotebookDocument(shared)
    # Stock Jupyter invents both when a notebook has none.
    invented = {"language_info": {"name": ""}, "kernelspec": {"name": "", "display_name": ""}}
    expected = replace(content, metadata={**invented, **content.metadata})
    assert canonical_json(as_json(document.content())) == canonical_json(as_json(expected))
    # The first time a doubled id may be mended.
    document.become(expected)
    before = shared.state_vector()
    document.become(expected)
    assert shared.state_vector() == before


def with_joined_lines(name: str, content: NotebookContent) -> dict[str, Any]:
    """The file as the contents manager hands it to the room: lines joined, ids as they were."""
    raw = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))
    for raw_cell, cell in zip(raw["cells"], content.cells, strict=True):
        raw_cell["source"] = cell.source
        if "outputs" in raw_cell:
            raw_cell["outputs"] = [dict(output) for output in cell.outputs]
    return raw  # type: ignore[no-any-return]
