"""What a document becomes when somebody settles a conflict. Pure."""

from __future__ import annotations

from dataclasses import replace

from rtcd.conflict import Conflict, Keep
from rtcd.content import Content, NotebookContent, TextContent
from rtcd.merge.three_way import merge_contents


def settled_content(conflict: Conflict, keep: Keep, text: str | None, live: Content) -> Content:
    """``live`` with the chosen side in place of what the merge gave; later edits of others stay.

    ``text`` is a result made by hand and wins over ``keep``.
    """
    sides = {"disk": conflict.disk.text, "shared": conflict.shared.text, "merged": conflict.merged}
    wanted = text if text is not None else sides[keep]
    if isinstance(live, TextContent):
        return _carried(conflict.merged, wanted, live)
    return _with_cell(live, conflict, wanted)


def _carried(merged: str, wanted: str, live: TextContent) -> Content:
    return merge_contents(TextContent(merged), TextContent(wanted), live).content


def _with_cell(live: NotebookContent, conflict: Conflict, wanted: str) -> NotebookContent:
    cells = list(live.cells)
    for number, cell in enumerate(cells):
        if conflict.cell is not None and cell.id == conflict.cell:
            source = _carried(conflict.merged, wanted, TextContent(cell.source))
            assert isinstance(source, TextContent)
            cells[number] = replace(cell, source=source.text)
    return replace(live, cells=tuple(cells))
