"""A save: bytes that somebody else put on disk, and what is known of how they got there."""

from __future__ import annotations

from dataclasses import dataclass

from rtcd.content import Content, NotebookContent
from rtcd.disk.file_stat import Snapshot


@dataclass(frozen=True, slots=True)
class Save:
    """Bytes that somebody else put on disk.

    ``displaced``: they are not there any more, a write of ours came after. ``came_first`` is
    certain that the saver had not seen that write.
    """

    snapshot: Snapshot
    displaced: bool = False
    came_first: bool = False
    git: bool = False


def has_other_ids(saved: Content, live: Content) -> bool:
    """True when an editor made new ids for cells that have one: the file gets the old ones back."""
    if not isinstance(saved, NotebookContent) or not isinstance(live, NotebookContent):
        return False
    return has_sound_ids(saved) and not _ids(saved) <= _ids(live)


def has_sound_ids(content: Content) -> bool:
    """True for a text, and for a notebook in which every cell has an id of its own."""
    if not isinstance(content, NotebookContent):
        return True
    ids = _ids(content)
    return None not in ids and len(ids) == len(content.cells)


def _ids(content: NotebookContent) -> set[str | None]:
    return {cell.id for cell in content.cells}
