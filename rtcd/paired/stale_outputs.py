"""Outputs that were made by other code than the cell has now.

An output is never thrown away because its code changed: it took time to make. But whoever reads it
should know. A cell's outputs are stale when its source is not the one that it had when these very
outputs first appeared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rtcd.content import Cell, NotebookContent
from rtcd.diff.json_edits import same_json


@dataclass(frozen=True, slots=True)
class _Made:
    """The cell as it was when its outputs appeared."""

    cell: Cell


class StaleOutputs:
    """Follows one notebook from version to version."""

    def __init__(self, versions: Iterable[NotebookContent] = ()) -> None:
        """Begin with what is known of earlier versions, the oldest first."""
        self._made: dict[str, _Made] = {}
        self.stale: tuple[str, ...] = ()
        for version in versions:
            self.follow(version)

    def follow(self, notebook: NotebookContent) -> tuple[str, ...]:
        """Take the next version; returns the ids of the cells whose outputs are stale now."""
        made: dict[str, _Made] = {}
        stale = []
        for cell in notebook.cells:
            if cell.id is None or not cell.outputs:
                continue
            known = self._made.get(cell.id)
            if known is None or not _same_run(known.cell, cell):
                known = _Made(cell)
            elif known.cell.source != cell.source:
                stale.append(cell.id)
            made[cell.id] = known
        self._made = made
        self.stale = tuple(stale)
        return self.stale


def _same_run(one: Cell, other: Cell) -> bool:
    return one.execution_count == other.execution_count and (
        one.outputs is other.outputs or same_json(one.outputs, other.outputs)
    )
