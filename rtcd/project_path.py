"""``ProjectPath``: a relative path proven to stay inside the project folder."""

from __future__ import annotations

from dataclasses import dataclass

from rtcd.errors import PathRefusedError

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 4000


@dataclass(frozen=True, slots=True, order=True)
class ProjectPath:
    """A file or folder below the project folder: ``/`` between names, no way out.

    Having one is proof that it was checked; make one with ``parse``. The only path type outside
    ``disk/``.
    """

    value: str

    @classmethod
    def parse(cls, value: str) -> ProjectPath:
        """Check a relative path with ``/`` between the names.

        Raises:
            PathRefusedError: empty, absolute, with ``.`` or ``..`` or empty names, NUL, lone
                surrogates (a name that is not UTF-8), or names no file system holds.
        """
        names = value.split("/")
        if not value or any(name in ("", ".", "..") for name in names):
            raise PathRefusedError(
                f"the path {value!r} does not name a file inside the project folder",
                hint="Use a relative path without '.' or '..'.",
            )
        if "\0" in value:
            raise PathRefusedError("a path with a NUL character was refused")
        try:
            encoded = [name.encode() for name in names]
        except UnicodeEncodeError:
            raise PathRefusedError(
                f"the name {value!r} is not valid UTF-8",
                hint="Rename the file; other editors cannot be told a name that is not text.",
            ) from None
        if any(len(name) > MAX_NAME_BYTES for name in encoded) or len(value) > MAX_PATH_BYTES:
            raise PathRefusedError(f"the path {value[:60]!r}... is too long for a file system")
        return cls(value)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names from the top to the file."""
        return tuple(self.value.split("/"))

    @property
    def name(self) -> str:
        """The last name."""
        return self.value.rpartition("/")[2]

    @property
    def parent(self) -> ProjectPath | None:
        """The folder it is in, or None directly below the project folder."""
        head = self.value.rpartition("/")[0]
        return ProjectPath(head) if head else None

    @property
    def suffix(self) -> str:
        """The ending with its dot, lower case, or an empty string."""
        stem, dot, ending = self.name.rpartition(".")
        return f".{ending.lower()}" if dot and stem else ""

    def is_below(self, folder: ProjectPath) -> bool:
        """True when this path lies inside ``folder``."""
        return self.value.startswith(folder.value + "/")

    def __str__(self) -> str:
        return self.value
