"""Edits that others make in a cell which was just moved or deleted (merging 6.4).

Yjs moves a cell by deleting it and making a copy; whoever types in the old one without knowing
types into nothing. So for some minutes a second document is kept in which the cell was not moved or
deleted. It gets what others send, as they send it; when the cell changes there, the difference is
made in the copy, or the deleted cell is put back. Only the daemon that made the edit does this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from rtcd.content import Cell, Content, NotebookContent
from rtcd.documents.document import Document
from rtcd.errors import RtcdError
from rtcd.merge.doubles import without_doubles
from rtcd.merge.merged import Merged, Overlap
from rtcd.merge.sameness import same_cell_meaning
from rtcd.merge.three_way_cell import merge_cell

WATCH_SECONDS = 120.0


class Rescue:
    """One edit that moved or deleted cells, and what came for them since."""

    def __init__(
        self,
        rebuild: Callable[[], Document],
        watched: Collection[str],
        *,
        until: float,
    ) -> None:
        """Watch cells.

        Args:
            rebuild: makes the document as it was before the edit; called when it is needed.
            watched: ids of the cells.
            until: seconds; after this nobody is expected to be that far behind.
        """
        self.until = until
        self._rebuild = rebuild
        self._watched = set(watched)
        self._document: Document | None = None
        self._seen: dict[str, Cell] = {}
        self._is_broken = False

    @property
    def is_over(self) -> bool:
        """Nothing is left to watch."""
        return self._is_broken or not self._watched

    def feed(self, update: bytes) -> None:
        """An update of somebody else, as it came."""
        if self.is_over:
            return
        try:
            if self._document is None:
                self._document = self._rebuild()
                self._seen = {
                    cell.id: cell for cell in self._cells() if cell.id in self._watched and cell.id
                }
            self._document.shared.apply_update(update)
        except RtcdError:
            # The live document has taken the update; only this second look ends here.
            self._is_broken = True

    def missed(self, live: NotebookContent) -> Merged | None:
        """What the live document should hold instead, or None when it misses nothing."""
        if self._document is None or self.is_over:
            return None
        cells = list(live.cells)
        overlaps: list[Overlap] = []
        now = {cell.id: cell for cell in self._cells()}
        changed = False
        for identity, seen in list(self._seen.items()):
            cell = now.get(identity)
            if cell is None:
                # Somebody else deleted or moved it too, and knew what was in it.
                self._watched.discard(identity)
                del self._seen[identity]
            elif not same_cell_meaning(seen, cell):
                self._seen[identity] = cell
                overlaps += self._bring(cells, seen, cell)
                changed = True
        if not changed:
            return None
        return Merged(replace(live, cells=tuple(cells)), tuple(overlaps))

    def _bring(self, cells: list[Cell], seen: Cell, cell: Cell) -> tuple[Overlap, ...]:
        for place, other in enumerate(cells):
            if other.id == cell.id:
                merge = merge_cell(seen, cell, other)
                cells[place] = merge.cell
                return merge.overlaps
        if seen.source == cell.source:
            return ()
        cells.insert(self._place(cells, cell), cell)
        return (Overlap(cell.id, seen.source, "", cell.source, cell.source, "delete-edit"),)

    def _place(self, cells: list[Cell], cell: Cell) -> int:
        """Behind the nearest cell that stood before it and is still there."""
        places = {other.id: place for place, other in enumerate(cells)}
        best = 0
        for other in self._cells():
            if other.id == cell.id:
                break
            best = places.get(other.id, best - 1) + 1
        return best

    def _cells(self) -> tuple[Cell, ...]:
        assert self._document is not None
        content = self._document.content()
        return content.cells if isinstance(content, NotebookContent) else ()


def mended(content: Content, rescues: Iterable[Rescue]) -> tuple[Content, tuple[Overlap, ...]]:
    """The content with what the rescues have found brought back, and one copy of each cell.

    The same object when there is nothing to mend.
    """
    if not isinstance(content, NotebookContent):
        return content, ()
    overlaps: list[Overlap] = []
    for rescue in rescues:
        missed = rescue.missed(content)
        if missed is not None:
            assert isinstance(missed.content, NotebookContent)
            content = missed.content
            overlaps += missed.overlaps
    return without_doubles(content), tuple(overlaps)
