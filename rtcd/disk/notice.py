"""``Notice``: a hint that something happened to a path. Hints can be missing or too many."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from rtcd.project_path import ProjectPath


class NoticeKind(enum.Enum):
    """What a watcher can tell. Every one of them means "look at it", none proves anything."""

    CHANGED = "changed"  # written to or created; the writer may still be at it
    CLOSED = "closed"  # a writer closed it, or a whole file was moved to this name
    TOUCHED = "touched"  # only mode, owner, times or extended attributes
    MENTIONED = "mentioned"  # something happened, this watcher cannot tell what
    GONE = "gone"  # the name (for a folder: everything below it too) is not there any more
    READ = "read"  # somebody other than rtcd read from it
    FOLDER_APPEARED = "folder-appeared"  # its files are mentioned as well
    RESCAN = "rescan"  # hints were lost: compare everything (path None) with the disk
    ROOT_GONE = "root-gone"  # the project folder itself was deleted, moved or unmounted
    UNNAMEABLE = "unnameable"  # a name that is not UTF-8, in ``path`` (None: at the top)
    DEGRADED = "degraded"  # the fast watcher had to give up; ``detail`` says why


@dataclass(frozen=True, slots=True)
class Notice:
    """One hint.

    ``path`` is None for the whole project. ``moved_from`` is the old name where the system paired
    the two; the old name gets its own GONE. ``detail`` is a sentence for people.
    """

    path: ProjectPath | None
    what: NoticeKind
    moved_from: ProjectPath | None = None
    detail: str = ""
