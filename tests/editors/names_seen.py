"""Which names ever appeared in a folder, however briefly."""

from __future__ import annotations

from pathlib import Path

from asyncinotify import Inotify, Mask


class NamesSeen:
    """Names that were created in, or moved into, a folder; not those in folders below it."""

    def __init__(self, folder: Path) -> None:
        self._inotify = Inotify(sync_timeout=0)
        self._inotify.add_watch(folder, Mask.CREATE | Mask.MOVED_TO)

    def take(self) -> set[str]:
        """The names since the last call."""
        return {str(event.name) for event in self._inotify}

    def close(self) -> None:
        """Stop looking."""
        self._inotify.close()
