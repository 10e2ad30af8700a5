"""Which kind a file is, and one law for all kinds."""

from __future__ import annotations

import pytest

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.disk.formats import format_content, kind_of, parse
from rtcd.project_path import ProjectPath

NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.ipynb", "notebook"),
        ("x/y/a.ipynb", "notebook"),
        (".ipynb", "notebook"),
        ("A.IPYNB", "text"),
        ("a.py", "text"),
        ("a.ipynb.txt", "text"),
        ("Makefile", "text"),
    ],
)
def test_the_ending_tells_the_kind_as_the_server_sees_it(name: str, kind: str) -> None:
    assert kind_of(ProjectPath.parse(name)) == kind


def test_both_kinds_are_read_and_written() -> None:
    assert parse("text", NOTEBOOK) == TextContent(NOTEBOOK.decode())
    assert parse("notebook", NOTEBOOK) == NotebookContent(())
    assert format_content("notebook", parse("notebook", NOTEBOOK), NOTEBOOK) == NOTEBOOK
    assert format_content("text", parse("text", NOTEBOOK), NOTEBOOK) == NOTEBOOK


def test_content_of_one_kind_is_never_written_as_the_other() -> None:
    with pytest.raises(TypeError):
        format_content("text", NotebookContent((Cell("a", "code", "x"),)), None)
    with pytest.raises(TypeError):
        format_content("notebook", TextContent("x"), None)
