"""What a merge gives: the content, and the places where both sides wanted something else."""

from __future__ import annotations

from dataclasses import dataclass

from rtcd.content import Content


@dataclass(frozen=True, slots=True)
class Overlap:
    """A place where both sides changed the same; the texts are whole (file text, cell source).

    ``cell`` is the cell's id, None for a text file; ``ours`` is the disk's side. ``reason`` is
    ``same-line``, ``delete-edit`` or ``both-created``.
    """

    cell: str | None
    base: str
    ours: str
    theirs: str
    merged: str
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged content and where the sides overlapped.

    ``by_content`` tells that a plain CRDT merge of the two edits would have given something else:
    the same text twice, or an edit lost in a deletion or a move.
    """

    content: Content
    overlaps: tuple[Overlap, ...] = ()
    by_content: bool = False
