"""Renames that were made here and are not known to be made on the server.

The server still has the file under its old name then, with what people type there. Whoever created
one under the new name would write over it in the moment in which it gets there; whoever fetched the
old name would make a second file of it. A file that is renamed again before the server heard of it
goes from its first name to its last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rtcd.errors import RtcdError, ServerError, ServerUnreachableError
from rtcd.project_path import ProjectPath


class PendingRenames:
    """The files that have another name on the server."""

    def __init__(self) -> None:
        self._old_names: dict[ProjectPath, ProjectPath] = {}

    def begin(self, old: ProjectPath, new: ProjectPath) -> ProjectPath:
        """A file has another name here; the one that it has on the server."""
        known = self._old_names.pop(old, old)
        if known != new:
            self._old_names[new] = known
        return known

    def is_old_name(self, path: ProjectPath) -> bool:
        """True for what the server has still to rename."""
        return path in self._old_names.values()

    def refuse_new(self, path: ProjectPath) -> None:
        """Nothing is created in the place of a file that is to come there.

        Raises:
            ServerError: code ``renaming``.
        """
        old = self._old_names.get(path)
        if old is not None:
            raise ServerError(
                f"{path} is still called {old} on the server",
                hint="It is renamed as soon as the server can be reached.",
                code="renaming",
            )

    def end(self, new: ProjectPath) -> None:
        """The server was told, or will not be."""
        self._old_names.pop(new, None)

    @contextmanager
    def ended(self, new: ProjectPath) -> Iterator[None]:
        """While the server is told; it stays pending only when there was no answer."""
        try:
            yield
        except ServerUnreachableError:
            raise
        except RtcdError:
            self.end(new)
            raise
        self.end(new)
