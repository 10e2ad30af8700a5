"""What a document becomes when somebody settles a conflict. Pure.

A conflict may be settled long after it was recorded, and more than once: the document has moved on,
and may already hold the side that an earlier decision chose. So the wanted text is brought in as an
edit of whichever recorded text the document is closest to now (``decided_text``); what others did
to other lines since stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rtcd.conflict import Conflict, Keep
from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.diff.cells import match_cells
from rtcd.merge.three_way import merge_contents
from rtcd.sync.choices import text_of
from rtcd.sync.decided_text import closest, decided_text


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
        files: the whole files of the record, for what texts cannot say: which cells a side had at
            all, and where.
    """
    wanted = text if text is not None else text_of_side(conflict, keep)
    if isinstance(live, TextContent):
        return TextContent(_carried(conflict, wanted, live.text))
    if conflict.cell is None:
        return _whole_notebook(keep, live, files)
    return _Cells(conflict, live, files).settled(None if text is not None else keep, wanted)


def is_deletion(conflict: Conflict, keep: Keep) -> bool:
    """True when that side had deleted the file."""
    whole = conflict.cell is None and conflict.reason == "delete-edit"
    blob = conflict.disk_blob if keep == "disk" else conflict.shared_blob
    return whole and keep != "merged" and blob is None and not text_of_side(conflict, keep)


def text_of_side(conflict: Conflict, keep: Keep) -> str:
    """The recorded text of a side."""
    return {
        "disk": conflict.disk.text,
        "shared": conflict.shared.text,
        "merged": conflict.merged,
    }[keep]


def _carried(conflict: Conflict, wanted: str, live: str) -> str:
    return decided_text(wanted, live, (conflict.merged, conflict.disk.text, conflict.shared.text))


def _whole_notebook(keep: Keep, live: NotebookContent, files: KeptFiles) -> Content:
    side = files.side(keep)
    kept = [file for file in (files.merged, files.disk, files.shared) if file is not None]
    if side is None or not kept:
        return live
    start = kept[closest(text_of(live), [text_of(file) for file in kept])]
    return merge_contents(start, side, live).content


class _Cells:
    """The work on the cell of one conflict, and on its twin where two were made under one id."""

    def __init__(self, conflict: Conflict, live: NotebookContent, files: KeptFiles) -> None:
        self.conflict = conflict
        self.live = live
        self.files = files
        self.cells = list(live.cells)

    def settled(self, keep: Keep | None, wanted: str) -> NotebookContent:
        """With that side, or with a text made by hand (``keep`` None)."""
        twin = self._twin()
        if twin is not None:
            self._settle_twins(twin, keep, wanted)
        elif self._is_without(keep, wanted):
            self._remove(self.conflict.cell)
        else:
            self._put(wanted, None if keep is None else self.files.side(keep))
        return replace(self.live, cells=tuple(self.cells))

    def _settle_twins(self, twin: Cell, keep: Keep | None, wanted: str) -> None:
        if keep == "disk":
            self._insert(twin, self.files.merged)
            self._remove(self.conflict.cell)
            return
        self._put(self.conflict.shared.text if keep is not None else wanted, self.files.shared)
        if keep == "merged":
            self._insert(twin, self.files.merged)
        else:
            self._remove(twin.id)

    def _twin(self) -> Cell | None:
        """The disk's cell that was given another id, because the shared document had one of its id."""
        merged = self.files.merged
        if self.conflict.reason != "both-created" or not isinstance(merged, NotebookContent):
            return None
        ids = [cell.id for cell in merged.cells]
        if self.conflict.cell not in ids:
            return None
        behind = merged.cells[ids.index(self.conflict.cell) + 1 :]
        return next((cell for cell in behind if cell.source == self.conflict.disk.text), None)

    def _is_without(self, keep: Keep | None, wanted: str) -> bool:
        """True when the chosen side had no such cell."""
        side = None if keep is None else self.files.side(keep)
        if wanted or not isinstance(side, NotebookContent):
            return False
        return self._cell_of(side) is None

    def _put(self, wanted: str, side: Content | None) -> None:
        """The cell with the wanted source; made anew when it is gone."""
        for place, cell in enumerate(self.cells):
            if cell.id == self.conflict.cell:
                source = _carried(self.conflict, wanted, cell.source)
                self.cells[place] = replace(cell, source=source)
                return
        for file in (side, self.files.merged, self.files.shared, self.files.disk):
            found = self._cell_of(file) if isinstance(file, NotebookContent) else None
            if found is not None:
                made = replace(found, id=self.conflict.cell, source=wanted)
                self._insert(made, file, like=found)
                return
        self.cells.append(Cell(self.conflict.cell, "code", wanted))

    def _insert(self, cell: Cell, file: Content | None, *, like: Cell | None = None) -> None:
        """Behind the nearest cell that stands before it in that file; nothing when it is there."""
        ids = {known.id: number for number, known in enumerate(self.cells)}
        if cell.id in ids:
            return
        place = 0
        if isinstance(file, NotebookContent):
            for other, identity in self._named(file):
                if other is (like or cell):
                    break
                place = ids.get(identity, place - 1) + 1
        self.cells.insert(place, cell)

    def _remove(self, identity: str | None) -> None:
        self.cells = [cell for cell in self.cells if cell.id != identity]

    def _cell_of(self, file: NotebookContent) -> Cell | None:
        return next(
            (c for c, identity in self._named(file) if identity == self.conflict.cell), None
        )

    def _named(self, file: NotebookContent) -> list[tuple[Cell, str | None]]:
        """A file's cells with the ids of the shared document: editors may have made them anew."""
        known = self.files.shared
        if not isinstance(known, NotebookContent) or file is known:
            return [(cell, cell.id) for cell in file.cells]
        ids = {cell.id for cell in known.cells}
        places = match_cells(known.cells, file.cells)
        return [
            (cell, cell.id if cell.id in ids or place is None else known.cells[place].id)
            for cell, place in zip(file.cells, places, strict=True)
        ]
