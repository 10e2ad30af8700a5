"""``TextEdit``: a span of a text and what stands there instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class TextEdit:
    """``old[start:end]`` becomes ``text``; offsets are code points of the old text.

    Lists of edits are sorted and do not touch: between two of them something stays.
    """

    start: int
    end: int
    text: str


def apply_edits(old: str, edits: Sequence[TextEdit]) -> str:
    """The text with all edits made; offsets of all of them are those of ``old``."""
    pieces: list[str] = []
    position = 0
    for edit in edits:
        pieces.append(old[position : edit.start])
        pieces.append(edit.text)
        position = edit.end
    pieces.append(old[position:])
    return "".join(pieces)


def fewer_edits(old: str, edits: Sequence[TextEdit], most: int) -> Sequence[TextEdit]:
    """At most so many edits that make the same text: those nearest to each other become one.

    Every edit of a shared document costs as much time as it has pieces, so that a hundred
    thousand of them take a minute. What lies between two edits that are joined is put in anew.
    """
    if len(edits) <= most:
        return edits
    gaps = sorted(after.start - before.end for before, after in pairwise(edits))
    # One edit more than there are gaps that stay.
    near = gaps[len(edits) - most - 1]
    joined: list[TextEdit] = []
    texts: list[str] = []
    first = edits[0]
    for before, after in pairwise(edits):
        texts.append(before.text)
        if after.start - before.end <= near:
            texts.append(old[before.end : after.start])
            continue
        joined.append(TextEdit(first.start, before.end, "".join(texts)))
        texts, first = [], after
    last = edits[-1]
    joined.append(TextEdit(first.start, last.end, "".join([*texts, last.text])))
    return joined


def shifted(edits: Iterable[TextEdit], by: int) -> tuple[TextEdit, ...]:
    """The same edits in a text that begins ``by`` code points earlier."""
    if not by:
        return tuple(edits)
    return tuple(TextEdit(edit.start + by, edit.end + by, edit.text) for edit in edits)
