"""Files with jupytext's settings in the project: which of them holds for a folder.

The nearest file at or above the folder counts, as jupytext has it, and none above the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtcd.errors import HeldError
from rtcd.paired.settings import PYPROJECT, SETTING_FILES, parse_settings
from rtcd.project_path import ProjectPath

if TYPE_CHECKING:
    from rtcd.sync.project import Project

MAX_BYTES = 1024 * 1024


def is_settings(path: ProjectPath) -> bool:
    """True for a file that may say which notebooks are paired."""
    return path.name in SETTING_FILES or path.name == PYPROJECT


class PairSettings:
    """What the files of settings say; each is read once until one of them changes."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[ProjectPath | None, Any] = {}

    def changed(self) -> None:
        """A file of settings was saved."""
        self._known.clear()

    def of(self, folder: ProjectPath | None) -> Any:  # noqa: ANN401 - jupytext's configuration
        """The settings for the notebooks of a folder (None is the project's own), or None.

        Raises:
            PairSettingsError: they cannot be understood.
        """
        if folder not in self._known:
            found = self._in(folder)
            if found is None and folder is not None:
                found = self.of(folder.parent)
            self._known[folder] = found
        return self._known[folder]

    def _in(self, folder: ProjectPath | None) -> Any:  # noqa: ANN401 - jupytext's configuration
        disk = self._project.disk.folder
        for name in (*SETTING_FILES, PYPROJECT):
            path = ProjectPath.parse(name if folder is None else f"{folder}/{name}")
            try:
                found = disk.stat(path)
                if found is None or found.kind != "file":
                    continue
                snapshot = disk.read(path, max_bytes=MAX_BYTES)
                text = "" if snapshot is None else snapshot.data.decode()
            except (HeldError, UnicodeDecodeError):
                continue
            settings = parse_settings(name, text)
            if settings is not None:
                return settings
        return None
