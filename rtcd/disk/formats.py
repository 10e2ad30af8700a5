"""Which kind of document a file is, and its bytes to content and back, whatever the kind.

Law: ``format_content(kind, parse(kind, data), data) == data`` for every file that can be read.
"""

from __future__ import annotations

from rtcd.content import Content, Kind, NotebookContent, TextContent
from rtcd.disk.notebook_format import format_notebook, parse_notebook
from rtcd.disk.text_format import format_text, parse_text
from rtcd.project_path import ProjectPath

NOTEBOOK_SUFFIX = ".ipynb"


def kind_of(path: ProjectPath) -> Kind:
    """A notebook when the name ends in ``.ipynb`` (lower case, as the server has it), else a text."""
    return "notebook" if path.value.endswith(NOTEBOOK_SUFFIX) else "text"


def parse(kind: Kind, data: bytes, *, known: bytes | None = None) -> Content:
    """What a file means.

    Args:
        kind: which kind of document it is.
        data: its bytes.
        known: bytes that it is likely to be a version of; saves time where they were read lately.

    Raises:
        HeldError: it cannot be understood and must be left alone; ``code`` is the reason.
    """
    return parse_notebook(data, known=known) if kind == "notebook" else parse_text(data)[0]


def format_content(kind: Kind, content: Content, template: bytes | None) -> bytes:
    """The bytes for a content, in the style of ``template``, the bytes on disk now (or None).

    Raises:
        HeldError: the template is a file that must be left alone.
        ApplyError: the bytes would not mean the content.
    """
    if kind == "notebook" and isinstance(content, NotebookContent):
        return format_notebook(content, template)
    if kind == "text" and isinstance(content, TextContent):
        return format_text(content, template)
    message = f"a {content.kind} cannot be written as a {kind} file"
    raise TypeError(message)
