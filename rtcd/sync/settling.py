"""What a document becomes when somebody settles a conflict. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rtcd.conflict import Conflict, Keep
from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.diff.cells import match_cells
from rtcd.merge.three_way import merge_contents


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFiles:
    """The whole files of a conflict as they were; None for what was not kept, or was deleted."""

    disk: Content | None = None
    shared: Content | None = None
    merged: Content | None = None

    def side(self, keep: Keep) -> Content | None:
        """One of them by its word."""
        return {"disk": self.disk, "shared": self.shared, "merged": self.merged}[keep]


NO_FILES = KeptFiles()


def settled_content(
    conflict: Conflict,
    keep: Keep,
    text: str | None,
    live: Content,
    files: KeptFiles = NO_FILES,
) -> Content:
    """``live`` with the chosen side in place of what the merge gave; later edits of others stay.

    Args:
        conflict: the record.
        keep: the side that is wanted.
        text: a result made by hand; wins over ``keep``.
        live: the document now.
        files: the whole files of the record, needed for what a text cannot say: which cells a
            side had at all, their order and outputs.
    """
    wanted = text if text is not None else _text(conflict, keep)
    if isinstance(live, TextContent):
        start, target = TextContent(conflict.merged), TextContent(wanted)
        return merge_contents(start, target, live).content
    merged, side = files.merged, files.side(keep)
    if conflict.cell is None:
        if not isinstance(merged, NotebookContent) or not isinstance(side, NotebookContent):
            return live
        return merge_contents(merged, side, live).content
    if not isinstance(merged, NotebookContent):
        return _with_source(live, conflict, wanted)
    kept = side if isinstance(side, NotebookContent) else None
    chosen = _with_cell(merged, conflict, wanted, kept, by_hand=text is not None)
    return merge_contents(merged, chosen, live).content


def is_deletion(conflict: Conflict, keep: Keep) -> bool:
    """True when that side had deleted the file."""
    whole = conflict.cell is None and conflict.reason == "delete-edit"
    blob = conflict.disk_blob if keep == "disk" else conflict.shared_blob
    return whole and keep != "merged" and blob is None and not _text(conflict, keep)


def _text(conflict: Conflict, keep: Keep) -> str:
    return {
        "disk": conflict.disk.text,
        "shared": conflict.shared.text,
        "merged": conflict.merged,
    }[keep]


def _with_source(live: NotebookContent, conflict: Conflict, wanted: str) -> NotebookContent:
    """Without the whole files: the source of the cell that is still there."""
    cells = list(live.cells)
    for number, cell in enumerate(cells):
        if cell.id == conflict.cell:
            start, target = TextContent(conflict.merged), TextContent(wanted)
            source = merge_contents(start, target, TextContent(cell.source)).content
            assert isinstance(source, TextContent)
            cells[number] = replace(cell, source=source.text)
    return replace(live, cells=tuple(cells))


def _with_cell(
    merged: NotebookContent,
    conflict: Conflict,
    wanted: str,
    side: NotebookContent | None,
    *,
    by_hand: bool,
) -> NotebookContent:
    """The merged notebook with one cell as the side had it, which may mean without it."""
    cells = list(merged.cells)
    twin = _twin(cells, conflict)
    if twin is not None:
        # The disk's cell of two that were made under one id stands beside the shared one.
        keeps_disk = not by_hand and wanted == conflict.disk.text
        gone = conflict.cell if keeps_disk else twin.id
        cells = [cell for cell in cells if cell.id != gone]
        if keeps_disk:
            return replace(merged, cells=tuple(cells))
    place = next((n for n, cell in enumerate(cells) if cell.id == conflict.cell), None)
    theirs = None if side is None else _cell_in(merged, side, conflict.cell)
    is_gone = side is not None and theirs is None and not by_hand and not wanted
    if place is not None:
        cells[place : place + 1] = [] if is_gone else [replace(cells[place], source=wanted)]
    elif not is_gone:
        made = theirs or Cell(conflict.cell, "code", wanted)
        made = replace(made, id=conflict.cell, source=wanted)
        cells.insert(_place_as_in(cells, merged, side, theirs), made)
    return replace(merged, cells=tuple(cells))


def _twin(cells: list[Cell], conflict: Conflict) -> Cell | None:
    """The disk's cell that was given another id, because the shared document had one of its id."""
    if conflict.reason != "both-created":
        return None
    ids = [cell.id for cell in cells]
    behind = cells[ids.index(conflict.cell) + 1 :] if conflict.cell in ids else []
    return next((cell for cell in behind if cell.source == conflict.disk.text), None)


def _cell_in(merged: NotebookContent, side: NotebookContent, identity: str | None) -> Cell | None:
    """The side's cell of that id; editors that make ids anew are seen through."""
    for cell in side.cells:
        if cell.id == identity:
            return cell
    for cell, match in zip(side.cells, match_cells(merged.cells, side.cells), strict=True):
        if match is not None and merged.cells[match].id == identity:
            return cell
    return None


def _place_as_in(
    cells: list[Cell], merged: NotebookContent, side: NotebookContent | None, cell: Cell | None
) -> int:
    """Behind the nearest cell that stands before it on its side."""
    if side is None or cell is None:
        return len(cells)
    place = 0
    matches = match_cells(merged.cells, side.cells)
    ids = {known.id: number for number, known in enumerate(cells)}
    for other, match in zip(side.cells, matches, strict=True):
        if other is cell:
            break
        if match is not None:
            place = ids.get(merged.cells[match].id, place - 1) + 1
    return place
