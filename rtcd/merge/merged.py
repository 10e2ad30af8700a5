"""What a merge gives: the content, and the places where both sides wanted something else."""

from __future__ import annotations

from dataclasses import dataclass, field

from rtcd.content import Content
from rtcd.diff.edits import TextEdit


@dataclass(frozen=True, slots=True)
class Overlap:
    """A place where both sides changed the same; the texts are whole (file text, cell source).

    ``cell`` is the cell's id, None for a text file; ``ours`` is the disk's side. ``reason`` is
    ``same-line``, ``delete-edit`` or ``both-created``, or that of a decision about a whole save;
    then ``why`` is the decision in one sentence.
    """

    cell: str | None
    base: str
    ours: str
    theirs: str
    merged: str
    reason: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged content and where the sides overlapped.

    ``by_content`` tells that a plain CRDT merge of the two edits would have given something else:
    the same text twice, or an edit lost in a deletion or a move. For texts, where they are known:
    ``our_edits`` lead from the base to our side, ``news`` from their side to the merged content.
    """

    content: Content
    overlaps: tuple[Overlap, ...] = ()
    by_content: bool = False
    our_edits: tuple[TextEdit, ...] | None = field(default=None, compare=False)
    news: tuple[TextEdit, ...] | None = field(default=None, compare=False)
