"""Which cell of a text is which cell of the notebook.

A text and a notebook that say the same are a *pairing*: it is made when one was written from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtcd.content import NotebookContent
from rtcd.diff.cells import match_cells
from rtcd.paired.groups import join, joined_cells
from rtcd.paired.saved_text import SavedText
from rtcd.paired.script import Script, ScriptCell


@dataclass(frozen=True, slots=True)
class Pairing:
    """A text and the notebook it stands for.

    ``cells`` are the text's, joined where several are one of the notebook's; ``places`` has the
    notebook's cell for each of them. A place is None for a cell that only the text has (jupytext
    invents some), and a cell of the notebook that no place names is not in the text. ``is_exact``:
    neither happens.
    """

    script: Script
    notebook: NotebookContent
    cells: tuple[ScriptCell, ...]
    places: tuple[int | None, ...]
    is_exact: bool = True

    @classmethod
    def of(cls, script: Script, notebook: NotebookContent) -> Pairing:
        """Pair cells by place where the two fit, else by what they say."""
        cells: tuple[ScriptCell, ...] | None = script.cells
        if not _fits(script.cells, notebook):
            cells = joined_cells(script, notebook) if script.has_places else None
        if cells is not None:
            return cls(script, notebook, cells, tuple(range(len(cells))))
        return cls(script, notebook, *_by_content(script, notebook), is_exact=False)

    @property
    def is_joined(self) -> bool:
        """True when cells of the text were joined."""
        return len(self.cells) != len(self.script.cells)

    def notebook_for(
        self, saved: Script, new_id: Callable[[], str], *, newer: Pairing | None = None
    ) -> NotebookContent:
        """The notebook, with everything that ``saved`` changed in the text and nothing else.

        ``newer`` is a later version, of which the save may hold something already.
        """
        return SavedText(self, saved, new_id, newer).notebook()


def _fits(cells: Sequence[ScriptCell], notebook: NotebookContent) -> bool:
    return len(cells) == len(notebook.cells) and all(
        one.cell_type == other.cell_type for one, other in zip(cells, notebook.cells, strict=True)
    )


def _by_content(
    script: Script, notebook: NotebookContent
) -> tuple[tuple[ScriptCell, ...], tuple[int | None, ...]]:
    """Pair what can be paired; what is left of the text belongs to the cell before it."""
    places = match_cells(notebook.cells, [cell.as_cell() for cell in script.cells])
    cells: list[ScriptCell] = []
    kept: list[int | None] = []
    first = 0
    for number, (cell, place) in enumerate(zip(script.cells, places, strict=True)):
        at = kept[-1] if kept else None
        if place is None and at is not None and cell.end > cell.start:
            cells[-1] = join(script, first, number + 1, notebook.cells[at].cell_type)
            continue
        cells.append(cell)
        kept.append(place)
        first = number
    return tuple(cells), tuple(kept)
