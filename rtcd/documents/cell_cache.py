"""The cells of a notebook as last read: one keystroke makes one cell be read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rtcd.content import Cell
from rtcd.crdt.array import ItemChanges


@dataclass(slots=True)
class _Slot:
    """One place of the array: the cell read there, None when it must be read (again)."""

    cell: Cell | None = None
    touched: bool = False


class CellCache:
    """Follows the array of cells by its events; holds no reference to the document.

    Attributes:
        remote: True while what happens is somebody else's doing and counts as a touch.
        stale: True when something happened since the cells were read.
    """

    def __init__(self, cells: Iterable[Cell | None]) -> None:
        self._slots = [_Slot(cell) for cell in cells]
        self.remote = True
        self.stale = True

    def note(self, changes: ItemChanges) -> None:
        """Take what one transaction did."""
        self.stale = True
        for splice in changes.splices:
            inserted = [_Slot(touched=self.remote) for _ in range(splice.inserted)]
            self._slots[splice.start : splice.start + splice.removed] = inserted
        for index in changes.changed:
            if index < len(self._slots):
                self._slots[index].cell = None
                self._slots[index].touched |= self.remote

    def forget(self) -> None:
        """All cells must be read again; who touched which is still known."""
        self.stale = True
        for slot in self._slots:
            slot.cell = None

    def cells(self, count: int, read: Callable[[int], Cell]) -> tuple[Cell, ...]:
        """All cells, of which only the changed ones are read.

        Args:
            count: how many there are in the array.
            read: reads the cell at an index.
        """
        if count != len(self._slots):
            # A cache that lost its place must not answer.
            self._slots = [_Slot(touched=True) for _ in range(count)]
        self.stale = False
        return tuple(self._read(index, slot, read) for index, slot in enumerate(self._slots))

    def take_touched(self) -> frozenset[str]:
        """Ids of the cells touched since the last call; to be called when all cells are read."""
        ids = frozenset(
            slot.cell.id
            for slot in self._slots
            if slot.touched and slot.cell is not None and slot.cell.id is not None
        )
        for slot in self._slots:
            slot.touched = False
        return ids

    def _read(self, index: int, slot: _Slot, read: Callable[[int], Cell]) -> Cell:
        if slot.cell is None:
            slot.cell = read(index)
        return slot.cell
