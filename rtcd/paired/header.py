"""The header of a paired text when the metadata that it shows is others' in the shared notebook.

Theory of operation. A header is the file's own, and stays byte for byte, until the notebook gets
another kernel, or other metadata that the header shows. What jupytext would write otherwise then is
done to the lines that are there, so that remarks and an order of one's own stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rtcd.content import JsonObject, NotebookContent, TextContent
from rtcd.diff.json_edits import same_json
from rtcd.errors import HeldError
from rtcd.merge.three_way import merge_contents
from rtcd.paired.pairing import Pairing
from rtcd.paired.reading import read_script
from rtcd.paired.saved_text import edited_keys
from rtcd.paired.script import Script
from rtcd.paired.writing import write_script

JUPYTEXT, FORMATS = "jupytext", "formats"


def header_for(pairing: Pairing, notebook: NotebookContent) -> Sequence[str] | None:
    """The header's lines with their ends, for ``notebook``; None: they stay as they are.

    They do where nothing changed that they show, where there is no header, and where what jupytext
    would write does not fit them. None are given for a format that is written as a whole.
    """
    script, old = pairing.script, pairing.notebook
    if not script.metadata or same_json(old.metadata, notebook.metadata):
        return None
    shows_formats = all(FORMATS in _of_file(one) for one in (script, old, notebook))
    try:
        before, after = (_written(one, script, shows_formats) for one in (old, notebook))
        if before.text == after.text:
            return None
        return _followed(before, after, script) if script.has_places else ()
    except HeldError:
        return None


def _written(notebook: NotebookContent, script: Script, shows_formats: bool) -> Script:
    """The header alone, as jupytext writes it."""
    own = {key: value for key, value in _of_file(notebook).items() if key != FORMATS}
    if shows_formats:
        own[FORMATS] = _of_file(notebook)[FORMATS]
    metadata = {**notebook.metadata, JUPYTEXT: own}
    alone = replace(notebook, cells=(), metadata=metadata)
    return read_script(write_script(alone, script.format), script.format)


def _followed(before: Script, after: Script, script: Script) -> Sequence[str] | None:
    """The lines with all that ``after`` says otherwise; None where they cannot be made to."""
    kept = "".join(script.raw(0, script.header_end))
    contents = (TextContent(text) for text in (before.text, kept, after.text))
    merged = merge_contents(*contents).content
    assert isinstance(merged, TextContent)
    read = read_script(merged.text, script.format)
    wanted = edited_keys(script.metadata, before.metadata, after.metadata)
    own = edited_keys(_of_file(script), _of_file(before), _of_file(after))
    if JUPYTEXT in wanted:
        wanted = {**wanted, JUPYTEXT: own}
    if read.header_end < len(read.lines) or not same_json(read.metadata, wanted):
        return None
    return merged.text.splitlines(keepends=True)


def _of_file(it: NotebookContent | Script) -> JsonObject:
    """What is said about the file, and its faces."""
    own = it.metadata.get(JUPYTEXT)
    return own if isinstance(own, dict) else {}
