"""What jupytext reads in a text, and where each cell stands.

Theory of operation. jupytext knows the formats; for most of them it reads one cell after the other
from the first line that is left, and says how many lines that took. Here the same readers are asked
in the same order, and their answers are kept as places. A text that differs from one already read is
read again only where it differs: the cells above are known, and as soon as a cell begins where one
began before, with the same lines below, the rest is known too.

jupytext is imported when it is first used, by the files of this room only.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from rtcd.content import JsonObject
from rtcd.errors import HeldError
from rtcd.paired.known_cells import KnownCells
from rtcd.paired.reading_header import read_header
from rtcd.paired.script import PRESENTATION_KEYS, Script, ScriptCell, ScriptFormat

PLACELESS = frozenset({"myst", "pandoc", "quarto", "marimo"})
"""Formats that are read as a whole."""

LOCAL = frozenset({"percent", "hydrogen", "markdown", "rmarkdown"})
"""Formats in which a cell's reading depends on its own lines and the next cell's at most."""


def read_script(text: str, fmt: ScriptFormat, *, like: Script | None = None) -> Script:
    r"""The cells of a text.

    Args:
        text: the whole text, line ends as ``\n``.
        fmt: the format that the pair was told; what the text's own header says wins.
        like: an earlier reading of a similar text, to be quick.

    Raises:
        HeldError: ``invalid-script``: jupytext cannot read it.
    """
    if like is not None and like.text == text and like.format == fmt:
        return like
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _Reading(text, fmt, like).script()
    except HeldError:
        raise
    except Exception as error:  # jupytext raises whatever its parsers raise
        raise HeldError(
            f"the text cannot be read as {fmt}: {_first_line(error)}",
            hint="Mend its header or its cell markers; the notebook stays as it is meanwhile.",
            code="invalid-script",
        ) from error


def _first_line(error: Exception) -> str:
    words = str(error).strip().splitlines()
    return words[0] if words else type(error).__name__


class _Reading:
    """One text being read."""

    def __init__(self, text: str, fmt: ScriptFormat, like: Script | None) -> None:
        from jupytext.formats import guess_format, read_format_from_metadata
        from jupytext.jupytext import TextNotebookConverter

        self.text = text
        self.format = fmt
        self.lines = tuple(text.splitlines())
        long_form = fmt.long_form()
        if _has_header_of(like, self.lines, fmt):
            assert like is not None
            name: str | None = like.name
        else:
            name = read_format_from_metadata(text, fmt.extension) or fmt.name
        if name is None:
            name, options = guess_format(text, fmt.extension)
            long_form.update(options)
        if name is not None:
            long_form["format_name"] = name
        self.converter: Any = TextNotebookConverter(long_form, None)
        self.name = str(self.converter.implementation.format_name or name or "")
        self.like = like if like is not None and like.format == fmt and like.has_places else None

    def script(self) -> Script:
        if self.name in PLACELESS:
            return self._whole()
        metadata, header_cells, start, language = self._header()
        raw = [*header_cells, *self._cells(start, language)]
        cells = self._finished(raw, metadata)
        return Script(
            text=self.text,
            lines=self.lines,
            cells=tuple(cells),
            header_end=start,
            metadata=plain(metadata),
            name=self.name,
            format=self.format,
        )

    def _whole(self) -> Script:
        notebook = self.converter.reads(self.text)
        cells = tuple(
            ScriptCell(cell.cell_type, cell.source, held_metadata(cell.metadata), 0, 0)
            for cell in notebook.cells
        )
        metadata = plain(notebook.metadata)
        return Script(
            self.text, self.lines, cells, 0, metadata, False, self.name, format=self.format
        )

    def _header(self) -> tuple[Any, list[ScriptCell], int, str]:
        from jupytext.languages import default_language_from_metadata_and_ext

        implementation = self.converter.implementation
        root_as_cell = self.converter.fmt.get("root_level_metadata_as_raw_cell", True)
        metadata, cell, start = read_header(self.lines, implementation, root_as_cell, self.like)
        language = default_language_from_metadata_and_ext(metadata, implementation.extension)
        self.converter.update_fmt_with_notebook_options(metadata, read=True)
        cells = []
        if cell:
            cells.append(ScriptCell(cell.cell_type, cell.source, {}, start, start))
        if self.name.startswith("sphinx"):
            cells.append(ScriptCell("code", "%matplotlib inline", {}, start, start))
        return metadata, cells, start, language

    def _cells(self, start: int, language: str) -> Iterator[ScriptCell]:
        known = KnownCells(self.like, self.lines, start, is_local=self.name in LOCAL)
        at = start
        for cell in known.above():
            yield cell
            at = cell.end
        while at < len(self.lines):
            if (rest := known.rest(at)) is not None:
                yield from rest
                return
            cell = self._one_cell(at, language)
            yield cell
            at = cell.end

    def _one_cell(self, at: int, language: str) -> ScriptCell:
        """What the reader's own ``read`` does, without a node that is validated by a JSON schema.

        That validation takes nine tenths of the time.
        """
        lines = list(self.lines[at:])
        reader = self.converter.implementation.cell_reader_class(self.converter.fmt, language)
        reader.metadata_and_language_from_option_line(lines[0])
        if reader.metadata and "language" in reader.metadata:
            reader.language = reader.metadata.pop("language")
        count = reader.find_cell_content(lines)
        if count <= 0:
            raise HeldError(
                f"no cell can be read at line {at + 1}",
                hint="Look at the cell markers there.",
                code="invalid-script",
            )
        metadata = plain(reader.metadata or {})
        if reader.language:
            metadata["language"] = reader.language
        cell_type = reader.cell_type if reader.cell_type in ("code", "markdown") else "raw"
        return ScriptCell(cell_type, "\n".join(reader.content), metadata, at, at + count)

    def _finished(self, raw: Sequence[ScriptCell], metadata: Any) -> list[ScriptCell]:  # noqa: ANN401
        """With magics for other languages, without what only remembers how the text looks."""
        cells = [_without_presentation(cell) for cell in self._with_languages(raw, metadata)]
        if not self.name.startswith("sphinx"):
            return cells
        kept: list[ScriptCell] = []
        for place, cell in enumerate(cells):
            inside = 0 < place < len(cells) - 1
            if (
                inside
                and not cell.source
                and cells[place - 1].cell_type != "markdown"
                and cells[place + 1].cell_type != "markdown"
            ):
                last = kept[-1]
                kept[-1] = ScriptCell(
                    last.cell_type, last.source, last.metadata, last.start, cell.end
                )
                continue
            kept.append(cell)
        return kept

    def _with_languages(
        self,
        raw: Sequence[ScriptCell],
        metadata: Any,  # noqa: ANN401 - jupytext's
    ) -> list[ScriptCell]:
        from jupytext.languages import set_main_and_cell_language

        magics = self.converter.fmt.get("custom_cell_magics", "").split(",")
        magics += self.converter.fmt.get("custom_language_magics", "").split(",")
        nodes = [{"metadata": dict(cell.metadata), "source": cell.source} for cell in raw]
        set_main_and_cell_language(metadata, nodes, self.converter.implementation.extension, magics)
        return [
            cell
            if "language" not in cell.metadata
            else ScriptCell(
                cell.cell_type, str(node["source"]), plain(node["metadata"]), cell.start, cell.end
            )
            for cell, node in zip(raw, nodes, strict=True)
        ]


def _has_header_of(like: Script | None, lines: Sequence[str], fmt: ScriptFormat) -> bool:
    """True when the format is the one that was read in the same header before."""
    return (
        like is not None
        and like.format == fmt
        and fmt.name is not None
        and like.header_end > 0
        and tuple(lines[: like.header_end]) == like.lines[: like.header_end]
    )


def _without_presentation(cell: ScriptCell) -> ScriptCell:
    if PRESENTATION_KEYS.isdisjoint(cell.metadata):
        return cell
    return ScriptCell(
        cell.cell_type, cell.source, held_metadata(cell.metadata), cell.start, cell.end
    )


def held_metadata(metadata: JsonObject) -> JsonObject:
    """A cell's metadata as plain JSON, without what only remembers how the text looks."""
    return {key: plain(value) for key, value in metadata.items() if key not in PRESENTATION_KEYS}


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Jupytext's dictionaries as plain ones."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
