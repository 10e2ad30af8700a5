"""Saves that only add to the end of a version, as a log does. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rtcd.content import Content, TextContent
from rtcd.merge.candidates import Candidate


def appended_to(save: Content, candidates: Sequence[Candidate]) -> int | None:
    """The place of the newest version that the save only adds to, at its end.

    Who appends (a log, ``>>``) reads nothing and adds to what is there at that moment: that
    nobody read the version says nothing then.
    """
    places = range(len(candidates) - 1, -1, -1)
    return next((p for p in places if is_appended_to(candidates[p].content, save)), None)


def is_appended_to(version: Content, save: Content) -> bool:
    """True when a save of a text is that version with something added at its end."""
    return (
        isinstance(version, TextContent)
        and isinstance(save, TextContent)
        and bool(version.text)
        and save.text.startswith(version.text)
    )
