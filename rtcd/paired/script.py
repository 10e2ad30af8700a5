"""A paired text as values: its cells, where they stand in it, and the format it is in.

Lines are what jupytext takes for lines (``str.splitlines``): that is what its readers count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtcd.content import Cell, JsonObject

PRESENTATION_KEYS = frozenset(
    {
        "cell_marker",
        "lines_to_end_of_cell_marker",
        "lines_to_next_cell",
        "noskipline",
        "skipline",
    }
)
"""Cell metadata by which jupytext remembers how a text looks; the text itself is our memory."""


@dataclass(frozen=True, slots=True)
class ScriptFormat:
    """How a notebook is written as text: ``.py`` and ``percent``, with jupytext's options.

    ``name`` is None where the extension or the text itself tells it.
    """

    extension: str
    name: str | None = None
    options: tuple[tuple[str, str | bool], ...] = ()

    @classmethod
    def of(cls, long_form: Mapping[str, str | bool]) -> ScriptFormat:
        """From jupytext's dictionary of a format; prefix and suffix are about names, not texts."""
        name = long_form.get("format_name")
        options = tuple(
            sorted(
                (key, value)
                for key, value in long_form.items()
                if key not in ("extension", "format_name", "prefix", "suffix")
            )
        )
        return cls(str(long_form["extension"]), str(name) if name else None, options)

    def long_form(self) -> dict[str, str | bool]:
        """As jupytext has it."""
        named: dict[str, str | bool] = {} if self.name is None else {"format_name": self.name}
        return {"extension": self.extension, **named, **dict(self.options)}

    def __str__(self) -> str:
        ending = self.extension.lstrip(".")
        return f"{ending}:{self.name}" if self.name else ending


@dataclass(frozen=True, slots=True)
class ScriptCell:
    """One cell of a text. ``start`` and ``end`` are lines; the blank lines behind it are its own."""

    cell_type: str
    source: str
    metadata: JsonObject
    start: int
    end: int

    def as_cell(self) -> Cell:
        """For a comparison of cells."""
        return Cell(None, self.cell_type, self.source, self.metadata)

    def says_the_same(self, other: ScriptCell) -> bool:
        """Equal but for the place."""
        return (
            self.cell_type == other.cell_type
            and self.source == other.source
            and self.metadata == other.metadata
        )


@dataclass(frozen=True, slots=True)
class Script:
    """A text and the cells that jupytext reads in it.

    ``header_end``: the first line behind the header. ``has_places``: False for formats whose
    readers do not tell where a cell stands; then the places mean nothing. ``name`` is that of the
    format that was read.
    """

    text: str
    lines: tuple[str, ...]
    cells: tuple[ScriptCell, ...]
    header_end: int
    metadata: JsonObject = field(default_factory=dict)
    has_places: bool = True
    name: str = ""
    format: ScriptFormat = field(default_factory=lambda: ScriptFormat(".py"))

    def raw(self, start: int, end: int) -> list[str]:
        """Lines as they stand in the text, with their ends."""
        return self.text.splitlines(keepends=True)[start:end]

    def lines_of(self, place: int) -> tuple[str, ...]:
        """The lines of one cell, marker and blank lines included."""
        return self.lines[self.cells[place].start : self.cells[place].end]
