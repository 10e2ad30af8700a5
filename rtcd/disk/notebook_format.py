"""Notebook files: bytes to content and back. The file on disk is the template.

What means the same is copied as raw text, so that an untouched notebook stays identical in bytes
and an edited line changes that line only. See merging 7 and docs/decisions/0006.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rtcd.content import NotebookContent
from rtcd.disk.cell_format import CODE_FIELDS, cell_for_file, cells_text, in_order_of, kept_members
from rtcd.disk.cell_pairs import pair_cells
from rtcd.disk.json_meaning import same_meaning
from rtcd.disk.json_rewrite import Change, Template, change_to, edit_object
from rtcd.disk.json_style import JsonStyle, detect_style
from rtcd.disk.notebook_meaning import honest_metadata, same_notebook, without_inventions
from rtcd.disk.notebook_reading import (
    NOT_IN_DOCUMENTS,
    Reading,
    has_cell_ids,
    read_notebook,
    read_rewritten,
)
from rtcd.disk.notebook_shapes import Shape, for_file
from rtcd.disk.text_format import BYTE_ORDER_MARK
from rtcd.errors import ApplyError, HeldError

SAMPLED_CELLS = 30
"""So many cells are looked at to learn the habits of a file."""


def parse_notebook(data: bytes, *, known: bytes | None = None) -> NotebookContent:
    """What a notebook file means.

    Cell ids are as they are in the file: None where missing, and perhaps not unique. The same
    bytes may give the same object: its JSON values must not be changed. ``known``: see ``parse``.

    Raises:
        HeldError: ``invalid-notebook`` (no JSON, merge conflicts, no notebook, or values that a
            shared document cannot hold), ``unsupported-format`` (not nbformat 4) or ``not-utf8``.
    """
    return read_notebook(data, known=known).content


def format_notebook(content: NotebookContent, template: bytes | None) -> bytes:
    """The bytes for a notebook, in the style of the file that is on disk now.

    Keys of the file that a content does not know are kept. What a document invents is not
    written: ids below nbformat 4.5, empty attachments, empty kernelspec and language_info.

    Args:
        content: what the file shall hold.
        template: the bytes on disk now, or None for a new file in nbformat's own style.

    Raises:
        HeldError: the template is a file that must be left alone.
        ApplyError: the bytes would not mean the content; nothing may be written.
    """
    content = without_inventions(content)
    if template is None:
        return _checked(_plain, content, None)
    reading = read_notebook(template)
    if same_notebook(content, reading.content, written_over=reading.content):
        return template
    try:
        return _checked(_rewritten, content, reading)
    except ApplyError:
        # Better a file in another layout than none; the check still has the last word.
        return _checked(_plain, content, reading)


def _checked(
    write: Callable[[NotebookContent, Reading | None], str],
    content: NotebookContent,
    reading: Reading | None,
) -> bytes:
    """The bytes that ``write`` makes, if they mean the content when they are read again."""
    reason = "it would not mean what the document holds"
    try:
        text = write(content, reading)
        data = text.encode()
        written = read_rewritten(text, data, reading) if reading else read_notebook(data)
    except HeldError as error:
        reason = error.message
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        # Whatever a strange file or value does to the walk, the file on disk stays.
        reason = f"{type(error).__name__}: {error}"
    else:
        written_over = reading.content if reading else None
        if same_notebook(content, written.content, written_over=written_over):
            return data
    raise ApplyError(
        f"the notebook could not be written: {reason}",
        hint="The file is left as it was; the document in the room is complete.",
    )


def _rewritten(content: NotebookContent, reading: Reading | None) -> str:
    """The template's text with the places changed that mean something else now."""
    if reading is None:
        return _plain(content, None)
    template = _template_of(reading)
    top = {slot.key: slot for slot in reading.top.slots}
    old = reading.content
    changes: dict[str, Change] = {
        "cells": partial(cells_text, template, content, reading),
    }
    metadata = honest_metadata(content.metadata, old)
    if not same_meaning(metadata, old.metadata):
        kept = kept_members(top["metadata"].value if "metadata" in top else {}, NOT_IN_DOCUMENTS)
        changes["metadata"] = change_to(template, {**metadata, **kept})
    if content.nbformat_minor != old.nbformat_minor:
        changes["nbformat_minor"] = change_to(template, content.nbformat_minor)
    if content.nbformat != old.nbformat:
        changes["nbformat"] = change_to(template, content.nbformat)
    margin = None if template.style.indent is None else ""
    text = edit_object(template, reading.top, changes, frozenset(), margin)
    return reading.text[: reading.top.start] + text + reading.text[reading.top.end :]


def _template_of(reading: Reading) -> Template:
    raw_cells = [slot.value for slot in reading.cells.slots[:SAMPLED_CELLS]]
    style = detect_style(reading.text, reading.top, [reading.members, *raw_cells])
    sources = [type(cell.get("source")) for cell in raw_cells if cell.get("source")]
    return Template(reading.text, style, as_lists=sources.count(list) >= sources.count(str))


def _plain(content: NotebookContent, reading: Reading | None) -> str:
    """The whole notebook written anew, in the style of the file or in nbformat's."""
    template = _template_of(reading) if reading else Template("", JsonStyle())
    written_over = reading.content if reading else None
    as_lists = template.as_lists
    raw_cells = [slot.value for slot in reading.cells.slots] if reading else []
    pairs = pair_cells(written_over.cells if written_over else (), content.cells)
    cells = []
    for cell, partner in zip(content.cells, pairs, strict=True):
        value = cell_for_file(cell, with_id=has_cell_ids(content), as_lists=as_lists)
        there = raw_cells[partner] if partner is not None else {}
        cells.append(in_order_of(there, {**_unknown_members(there), **value}))
    metadata = honest_metadata(content.metadata, written_over)
    whole = {
        **(reading.members if reading else {}),
        "cells": cells,
        "metadata": for_file(metadata, Shape.JSON, as_lists=as_lists),
        "nbformat": content.nbformat,
        "nbformat_minor": content.nbformat_minor,
    }
    margin = None if template.style.indent is None else ""
    text = template.style.dump(whole, margin)
    if reading is None:
        return text + "\n"
    mark = BYTE_ORDER_MARK if reading.text.startswith(BYTE_ORDER_MARK) else ""
    return mark + text + reading.text[reading.top.end :]


def _unknown_members(raw_cell: Mapping[str, Any]) -> dict[str, Any]:
    known = {"attachments", "cell_type", "id", "metadata", "source", *CODE_FIELDS}
    return {key: value for key, value in raw_cell.items() if key not in known}
