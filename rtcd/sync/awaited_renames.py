"""Renames by others that this disk could not follow yet.

The file has its new name on the server and its old one here. Whoever fetched the new name would make
a second file of one document; whoever took the old one for deleted on the server would remove it here;
whoever created that one there would double it. So both names are left alone until the rename has
been tried again and was made, or cannot be made any more.
"""

from __future__ import annotations

from rtcd.errors import ServerError
from rtcd.project_path import ProjectPath


class AwaitedRenames:
    """The files that have their old name here and another one on the server."""

    def __init__(self) -> None:
        self._old_names: dict[ProjectPath, ProjectPath] = {}

    def __contains__(self, path: object) -> bool:
        """True for both names of such a file."""
        return path in self._old_names or path in self._old_names.values()

    def begin(self, old: ProjectPath, new: ProjectPath) -> None:
        """The server has the file under another name; it is about to get it here."""
        self._old_names[new] = old

    def old_name(self, new: ProjectPath) -> ProjectPath | None:
        """The name here of a file that has another one on the server."""
        return self._old_names.get(new)

    def end(self, new: ProjectPath) -> ProjectPath | None:
        """It has the name here too, or will not get it; the name that it had here until now."""
        return self._old_names.pop(new, None)

    def refuse_new(self, path: ProjectPath) -> None:
        """Nothing is created on the server of a file that is there under another name.

        Raises:
            ServerError: code ``renaming``.
        """
        for new, old in self._old_names.items():
            if path == old:
                raise ServerError(
                    f"{path} is called {new} on the server",
                    hint="It is renamed here as soon as the disk allows it.",
                    code="renaming",
                )
