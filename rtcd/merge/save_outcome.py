"""What came of a save, and what the disk should get; the values that a replica gives out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rtcd.content import Content, Kind, NotebookContent, TextContent
from rtcd.merge.candidates import BaseChoice
from rtcd.merge.merged import Overlap
from rtcd.merge.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveOutcome:
    """What came of a save.

    Attributes:
        update: to be sent to the room; empty when there is nothing to send.
        base: the version the save was merged at.
        choice: how that was decided.
        before: the live content before.
        merged: the live content after.
        overlaps: where the save and the others changed the same.
        saved: the save as a content of the document, where that is not what was handed in.
    """

    update: bytes
    base: Version
    choice: BaseChoice
    before: Content
    merged: Content
    overlaps: tuple[Overlap, ...] = ()
    saved: Content | None = None


@dataclass(frozen=True, slots=True)
class Flush:
    """A content to be put on disk, and the CRDT state it is.

    ``update`` brings the shadow there; ``state_vector`` is the live document's at that time.
    """

    content: Content
    update: bytes
    state_vector: bytes


def changed_ids(base: Content, live: Content) -> frozenset[str]:
    """Ids of the live cells that are not as they were in the base."""
    if isinstance(base, TextContent) or isinstance(live, TextContent):
        return frozenset()
    known = {cell.id: cell.source for cell in base.cells}
    return frozenset(
        cell.id for cell in live.cells if cell.id is not None and known.get(cell.id) != cell.source
    )


def as_it_stands(overlap: Overlap, live: Content) -> Overlap:
    """With the text that is shared now: the CRDT may have put it together a little differently."""
    if isinstance(live, TextContent):
        return replace(overlap, merged=live.text)
    if overlap.cell is None or overlap.reason == "both-created":
        # The record is about several cells.
        return overlap
    sources = (cell.source for cell in live.cells if cell.id == overlap.cell)
    return replace(overlap, merged=next(sources, overlap.merged))


def no_version(kind: Kind) -> Version:
    """The version before there was any."""
    content: Content = TextContent("") if kind == "text" else NotebookContent(())
    return Version(-1, content, None, own_save=False, read=None, at=0.0)
