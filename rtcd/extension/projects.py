"""Which project a file of the server belongs to.

A server may serve a folder that holds several projects. A file belongs to the nearest folder at or
above it, within the server's root, that holds ``.rtcd/``; without one, to the root itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rtcd.extension.daemon_liveness import DaemonLiveness
from rtcd.places import INSIDE, Places


@dataclass(frozen=True, slots=True)
class ServedProject:
    """One project; ``prefix`` is its folder as the server names it, empty for the root."""

    places: Places
    prefix: str
    liveness: DaemonLiveness

    def relative(self, path: str) -> str:
        """A server path as the project's daemon names it."""
        return path.removeprefix(self.prefix + "/") if self.prefix else path


class ServedProjects:
    """All projects below one server root."""

    def __init__(self, root: Path, server_url: Callable[[], str | None] = lambda: None) -> None:
        self.root = root.resolve()
        self._server_url = server_url
        self._known: dict[str, ServedProject] = {}

    def of(self, path: str) -> ServedProject:
        """The project of a file, named as the server names it (``/`` between names)."""
        folders = path.strip("/").split("/")[:-1]
        for depth in range(len(folders), 0, -1):
            prefix = "/".join(folders[:depth])
            if (self.root / prefix / INSIDE).is_dir():
                return self._project(prefix)
        return self._project("")

    def _project(self, prefix: str) -> ServedProject:
        found = self._known.get(prefix)
        if found is None:
            places = Places.of(self.root / prefix)
            liveness = DaemonLiveness(places.lock, self._server_url)
            found = self._known[prefix] = ServedProject(places, prefix, liveness)
        return found
