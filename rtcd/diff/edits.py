"""``TextEdit``: a span of a text and what stands there instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


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


def shifted(edits: Iterable[TextEdit], by: int) -> tuple[TextEdit, ...]:
    """The same edits in a text that begins ``by`` code points earlier."""
    if not by:
        return tuple(edits)
    return tuple(TextEdit(edit.start + by, edit.end + by, edit.text) for edit in edits)
