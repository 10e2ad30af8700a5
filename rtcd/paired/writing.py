"""A notebook as jupytext writes it: the whole text, or the lines of one cell."""

from __future__ import annotations

import warnings
from typing import Any

from rtcd.content import Cell, NotebookContent
from rtcd.errors import HeldError
from rtcd.paired.script import PRESENTATION_KEYS, Script, ScriptFormat


def write_script(notebook: NotebookContent, fmt: ScriptFormat) -> str:
    """The whole notebook as a text that nobody has formatted by hand, ending in a line end.

    Raises:
        HeldError: ``unsupported-format``: jupytext cannot write that format here.
    """
    import nbformat
    from jupytext.jupytext import writes

    node = nbformat.from_dict(  # type: ignore[no-untyped-call,unused-ignore]
        {
            "nbformat": notebook.nbformat,
            "nbformat_minor": notebook.nbformat_minor,
            "metadata": dict(notebook.metadata),
            "cells": [_bare(cell) for cell in notebook.cells],
        }
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = str(writes(node, fmt.long_form()))
    except Exception as error:  # jupytext raises what its formats raise
        raise cannot_write(fmt, error) from error
    return text if text.endswith("\n") else text + "\n"


def cannot_write(fmt: ScriptFormat, error: Exception) -> HeldError:
    """The hold for a format that cannot be written here."""
    words = str(error).strip().splitlines()
    return HeldError(
        f"the notebook cannot be written as {fmt}: {words[0] if words else type(error).__name__}",
        hint="Choose another format with `rtcd pair`; jupytext's documentation lists them.",
        code="unsupported-format",
    )


def _bare(cell: Cell) -> dict[str, Any]:
    """A cell as nbformat has it, without outputs: no text holds them."""
    node: dict[str, Any] = {
        "cell_type": cell.cell_type,
        "metadata": _shown_metadata(cell),
        "source": cell.source,
    }
    if cell.cell_type == "code":
        node |= {"outputs": [], "execution_count": None}
    return node


def _shown_metadata(cell: Cell) -> dict[str, Any]:
    return {key: value for key, value in cell.metadata.items() if key not in PRESENTATION_KEYS}


class CellWriter:
    """Writes single cells for one text, in the format and with the options of its header."""

    def __init__(self, script: Script) -> None:
        from jupytext.languages import default_language_from_metadata_and_ext

        self._exporter, self._fmt = _exporter_of(script)
        self._language = default_language_from_metadata_and_ext(
            dict(script.metadata), script.format.extension, True
        )

    def lines(self, cell: Cell) -> tuple[str, ...]:
        """A cell's lines with its markers, without blank lines behind it."""
        import nbformat

        node = nbformat.from_dict(_bare(cell))  # type: ignore[no-untyped-call,unused-ignore]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exporter = self._exporter(node, self._language or "python", dict(self._fmt))
            return tuple(exporter.cell_to_text())


def _exporter_of(script: Script) -> tuple[Any, dict[str, Any]]:
    from jupytext.formats import guess_format, read_format_from_metadata
    from jupytext.jupytext import TextNotebookConverter

    long_form = script.format.long_form()
    name = read_format_from_metadata(script.text, script.format.extension) or script.format.name
    if name is None:
        name, options = guess_format(script.text, script.format.extension)
        long_form.update(options)
    if name is not None:
        long_form["format_name"] = name
    converter = TextNotebookConverter(long_form, None)
    converter.update_fmt_with_notebook_options(_copied(script.metadata), read=True)
    return converter.implementation.cell_exporter_class, converter.fmt


def _copied(metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON object
    """Jupytext writes into what it is given."""
    return {
        key: dict(value) if isinstance(value, dict) else value for key, value in metadata.items()
    }
