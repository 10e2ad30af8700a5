"""What a kernel writes into a notebook, told from what people do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.merge.sameness import only_outputs_differ

PRINTED = ({"output_type": "stream", "name": "stdout", "text": "1\n"},)
RUN = Cell("a", "code", "print(1)", {}, (), None)
OTHER = Cell("b", "code", "2", {"tags": ["x"]}, (), 1)
NOTEBOOK = NotebookContent((RUN, OTHER), {"title": "one"})


def with_first(**changes):
    return replace(NOTEBOOK, cells=(replace(RUN, **changes), OTHER))


@pytest.mark.parametrize(
    "printed",
    [
        with_first(outputs=PRINTED),
        with_first(outputs=PRINTED, execution_count=3),
        with_first(execution_count=3),
        NOTEBOOK,
    ],
)
def test_outputs_and_counts_are_what_kernels_write(printed):
    assert only_outputs_differ(NOTEBOOK, printed)
    assert only_outputs_differ(printed, NOTEBOOK)


@pytest.mark.parametrize(
    "edited",
    [
        with_first(source="print(2)", outputs=PRINTED),
        with_first(metadata={"tags": ["y"]}),
        with_first(id="c"),
        with_first(cell_type="raw"),
        with_first(attachments={"a.png": {"image/png": "AA=="}}),
        replace(NOTEBOOK, cells=(OTHER, RUN)),
        replace(NOTEBOOK, cells=(RUN,)),
        replace(NOTEBOOK, metadata={"title": "two"}),
        replace(NOTEBOOK, nbformat_minor=4),
        TextContent("print(1)"),
    ],
)
def test_everything_else_is_somebodys_edit(edited):
    assert not only_outputs_differ(NOTEBOOK, edited)
    assert not only_outputs_differ(edited, NOTEBOOK)
