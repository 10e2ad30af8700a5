"""Where a decision about a whole save can be seen: one text, or the cells that it is about. Pure.

Which version a save was made from is decided once for the file (``merge/base.py``). A person who
reviews that decision wants the places: for a notebook the cells in which the save and the shared
document differ, each with its own two texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.diff.cells import match_cells
from rtcd.merge.merged import Overlap

PLAIN_FACTS = ("both-created", "delete-edit")


def places_of_choice(
    reason: str,
    *,
    base: Content,
    saved: Content,
    shared: Content,
    merged: Content,
    why: str = "",
) -> tuple[Overlap, ...]:
    """The places a decision is about, as records; at least one.

    Args:
        reason: why it is recorded, in a word.
        base: the version the save was merged at.
        saved: what was saved.
        shared: the shared document before.
        merged: the shared document after.
        why: the decision in one sentence.
    """
    if (
        isinstance(base, NotebookContent)
        and isinstance(saved, NotebookContent)
        and isinstance(shared, NotebookContent)
        and isinstance(merged, NotebookContent)
    ):
        cells = tuple(_cells(reason, base, saved, shared, merged))
        if cells:
            return tuple(replace(cell, why=why) for cell in cells)
    was, mine, theirs, now = map(text_of, (base, saved, shared, merged))
    return (Overlap(None, was, mine, theirs, now, reason, why),)


def without_repeats(choice: Sequence[Overlap], overlaps: Sequence[Overlap]) -> tuple[Overlap, ...]:
    """One record a place: the decision about the save, or what is a plainer fact."""
    plain = {overlap.cell for overlap in overlaps if overlap.reason in PLAIN_FACTS}
    decided = tuple(overlap for overlap in choice if overlap.cell not in plain)
    covered = {overlap.cell for overlap in decided}
    return (*decided, *(overlap for overlap in overlaps if overlap.cell not in covered))


def text_of(content: Content) -> str:
    """A whole side as one text: the file's text, or a notebook's sources one below the other."""
    if isinstance(content, TextContent):
        return content.text
    return "\n\n".join(cell.source for cell in content.cells)


def _cells(
    reason: str,
    base: NotebookContent,
    saved: NotebookContent,
    shared: NotebookContent,
    merged: NotebookContent,
) -> Iterator[Overlap]:
    """Cells that others changed and the save has otherwise; if none, those the save changed."""
    cases = [
        (cell, was, mine, theirs)
        for cell, was, mine, theirs in _side_by_side(base, saved, shared)
        if _source(mine) != _source(theirs) or (mine is None) != (theirs is None)
    ]
    others = [case for case in cases if _source(case[3]) != _source(case[1])]
    now = {cell.id: cell.source for cell in merged.cells}
    for identity, was, mine, theirs in others or cases:
        yield Overlap(
            identity,
            _source(was),
            _source(mine),
            _source(theirs),
            now.get(identity, ""),
            reason,
        )


def _side_by_side(
    base: NotebookContent, saved: NotebookContent, shared: NotebookContent
) -> Iterator[tuple[str, Cell | None, Cell | None, Cell | None]]:
    """Cells that can be named: id in the shared document, and the cell in base, save and shared."""
    mine = _by_base(base, saved)
    theirs = _by_base(base, shared)
    new_in_save = {cell.id: cell for cell in _new(base, saved)}
    for place, was in enumerate(base.cells):
        other = theirs.get(place)
        identity = (other.id if other is not None else None) or was.id
        if identity is not None:
            yield identity, was, mine.get(place), other
    for cell in _new(base, shared):
        if cell.id is not None:
            yield cell.id, None, new_in_save.get(cell.id), cell


def _by_base(base: NotebookContent, other: NotebookContent) -> dict[int, Cell]:
    places = match_cells(base.cells, other.cells)
    return {
        place: cell for place, cell in zip(places, other.cells, strict=True) if place is not None
    }


def _new(base: NotebookContent, other: NotebookContent) -> list[Cell]:
    places = match_cells(base.cells, other.cells)
    return [cell for place, cell in zip(places, other.cells, strict=True) if place is None]


def _source(cell: Cell | None) -> str:
    return "" if cell is None else cell.source
