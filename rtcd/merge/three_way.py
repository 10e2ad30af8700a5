"""Three contents into one: what they started from, the disk's side, the shared side."""

from __future__ import annotations

from collections.abc import Sequence

from rtcd.content import Content, TextContent
from rtcd.diff.edits import TextEdit
from rtcd.merge.merged import Merged, Overlap
from rtcd.merge.three_way_notebook import merge_notebooks
from rtcd.merge.three_way_text import TextMerge, merge_text, union_text

__all__ = ["Merged", "Overlap", "merge_contents"]


def merge_contents(
    base: Content | None,
    ours: Content,
    theirs: Content,
    *,
    our_edits: Sequence[TextEdit] | None = None,
) -> Merged:
    """Merge two contents that came from one.

    Texts, and the sources of cells, are merged by temporary CRDT documents: the engine that merges
    live edits. What both sides inserted alike at one place is there once; an edit wins over a
    deletion; where both changed one line, or made one file, the whole sides are reported.

    Args:
        base: what both started from; None when that is not known: then everything of both stays.
        ours: the disk's side.
        theirs: the shared side; at one place it comes first.
        our_edits: from ``base`` to ``ours``, where they are known already; of texts only.

    Raises:
        ApplyError: the CRDT library could not hold one of the contents.
        TypeError: they are not of one kind.
    """
    if isinstance(ours, TextContent) and isinstance(theirs, TextContent):
        if base is None:
            return _of_text(union_text(ours.text, theirs.text))
        if isinstance(base, TextContent):
            return _of_text(merge_text(base.text, ours.text, theirs.text, our_edits))
    if isinstance(ours, TextContent) or isinstance(theirs, TextContent):
        raise TypeError("a text and a notebook cannot be merged")
    if isinstance(base, TextContent):
        raise TypeError("two notebooks cannot come from a text")
    return merge_notebooks(base, ours, theirs)


def _of_text(merge: TextMerge) -> Merged:
    return Merged(
        TextContent(merge.text),
        merge.overlaps(cell=None),
        by_content=merge.by_content,
        our_edits=merge.our_edits,
        news=merge.news,
    )
