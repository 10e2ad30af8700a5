"""What cannot be understood is held, and the sentence tells where the trouble is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_files import FIXTURES, OLD_FORMAT, notebook_files
from rtcd.disk.notebook_format import format_notebook, parse_notebook
from rtcd.errors import HeldError

WHOLE = FIXTURES[0].read_bytes()


def wrapped(value: str) -> bytes:
    """A notebook with any JSON text in the metadata of its cell, on line 4."""
    return (
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {},\n"cells": [\n'
        '{"cell_type": "raw", "source": "x",\n"metadata": {"a": ' + value + "}}]}"
    ).encode()


def raw(**changes: Any) -> bytes:
    whole = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}
    return json.dumps({key: value for key, value in whole.items() if value != ...}).encode()


def cell(**members: Any) -> bytes:
    good = {"cell_type": "code", "source": "x", "metadata": {}, "outputs": []}
    return raw(cells=[good, {**good, **members}])


def held(data: bytes) -> tuple[str, str]:
    with pytest.raises(HeldError) as caught:
        parse_notebook(data)
    assert caught.value.hint
    return caught.value.code, caught.value.message


CONFLICT = b'{\n "cells": [\n<<<<<<< HEAD\n  {},\n=======\n  {}\n>>>>>>> other\n ]\n}\n'

INVALID = {
    b"": "the notebook is empty (0 bytes)",
    b" \n": "the notebook is empty (2 bytes)",
    b"\xef\xbb\xbf": "the notebook is empty (3 bytes)",
    b"{": "the notebook is not valid JSON: Expecting property name enclosed in double quotes, line 1",
    b'{"a": 1,\n"b" 2}': "the notebook is not valid JSON: Expecting ':' delimiter, line 2",
    b'{"a": "\n"}': "the notebook is not valid JSON: Invalid control character at, line 1",
    b"{}\n\n{}": "the notebook is not valid JSON: Extra data, line 3",
    b"print(1)\n": "the notebook is not valid JSON: Expecting value, line 1",
    CONFLICT: "the notebook contains git conflict markers, line 3",
    CONFLICT.replace(b"\n", b"\r\n"): "the notebook contains git conflict markers, line 3",
    b"[]": "the file is valid JSON, but not a notebook",
    b"null": "the file is valid JSON, but not a notebook",
    b"{}": "the file is valid JSON, but not a notebook: it does not tell its nbformat",
    raw(nbformat="4"): "the file is valid JSON, but not a notebook: it does not tell its nbformat",
    raw(nbformat=True): "the file is valid JSON, but not a notebook: it does not tell its nbformat",
    raw(nbformat=float("nan")): (
        "the file is valid JSON, but not a notebook: it does not tell its nbformat"
    ),
    raw(cells=...): "the notebook has no list of cells",
    raw(cells={}): "the notebook has no list of cells",
    raw(cells=[1]): "cell 1 of the notebook is not a cell",
    cell(cell_type=None): "cell 2 of the notebook is not a cell",
    cell(source=5): "the source of cell 2 is neither a text nor a list of lines",
    cell(source=["a", 5]): "the source of cell 2 is neither a text nor a list of lines",
    cell(outputs={"a": 1}): "the outputs of cell 2 are not a list of outputs",
    cell(outputs=["a"]): "the outputs of cell 2 are not a list of outputs",
    wrapped("[" * 250 + "]" * 250): "the notebook is nested more than 200 levels deep, line 4",
    wrapped(
        "[" * 90_000 + "]" * 90_000
    ): "the notebook is nested more than 200 levels deep, line 4",
    wrapped('{"a":' * 199 + "1" + "}" * 199): (
        "the notebook is nested more than 200 levels deep, line 4"
    ),
    wrapped("9223372036854775808"): "the notebook holds an integer of 64 bits or more, line 4",
    wrapped("-9223372036854775808"): "the notebook holds an integer of 64 bits or more, line 4",
    wrapped("[1.5, " + "9" * 5000 + "]"): (
        "the notebook holds an integer of 64 bits or more, line 4"
    ),
    wrapped('["9999999999999999999",\n' + "9" * 19 + "]"): (
        "the notebook holds an integer of 64 bits or more, line 5"
    ),
    wrapped('"\\ud800"'): "the notebook holds half a surrogate pair, line 4",
    wrapped('"\\uD83D\\ude00",\n"b": "\\uDE00"'): (
        "the notebook holds half a surrogate pair, line 5"
    ),
    wrapped('"\\\\ud83d\\udc00"'): "the notebook holds half a surrogate pair, line 4",
    wrapped('1, "\\udc00": 1'): "the notebook holds half a surrogate pair, line 4",
}

FINE = [
    "9223372036854775807",
    "-9223372036854775807",
    '"9223372036854775808"',
    "1e999",
    "-Infinity",
    "NaN",
    "1.0000000000000000000000001",
    '"\\ud83d\\ude00"',
    '"\\\\ud83d"',
    '"<<<<<<< HEAD"',
    "[" * 190 + "]" * 190,
    '"' + "[" * 300 + '"',
    "[" + "1, " * 200 + "true]",
]


@pytest.mark.parametrize(("data", "message"), INVALID.items(), ids=range(len(INVALID)))
def test_an_invalid_notebook_is_held_with_its_reason(data: bytes, message: str) -> None:
    assert held(data) == ("invalid-notebook", message)


@pytest.mark.parametrize("value", FINE, ids=range(len(FINE)))
def test_what_only_looks_like_trouble_is_read_and_kept(value: str) -> None:
    data = wrapped(value)
    assert format_notebook(parse_notebook(data), data) == data


@pytest.mark.parametrize("major", [1, 2, 3, 3.0, 5, 40])
def test_another_major_format_is_unsupported(major: float) -> None:
    code, message = held(raw(nbformat=major))
    assert code == "unsupported-format"
    assert message == f"the notebook has format {int(major)}; only nbformat 4 can be shared"


def test_an_old_notebook_is_held_with_the_command_that_converts_it() -> None:
    with pytest.raises(HeldError) as caught:
        parse_notebook(OLD_FORMAT.read_bytes())
    assert caught.value.code == "unsupported-format"
    assert "jupyter nbconvert --to notebook --inplace FILE" in caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_another_encoding_is_held(encoding: str) -> None:
    data = '{"é": 1}'.encode(encoding)
    code, message = held(data)
    assert code in ("not-utf8", "invalid-notebook")
    assert message


@given(st.integers(0, len(WHOLE) - 2))
def test_law_the_begin_of_a_notebook_is_never_taken_for_a_notebook(length: int) -> None:
    if WHOLE[:length].rstrip() != WHOLE.rstrip():
        code, _ = held(WHOLE[:length])
        assert code in ("invalid-notebook", "not-utf8")


@given(st.binary() | st.text().map(str.encode))
def test_law_any_bytes_are_a_notebook_or_are_held(data: bytes) -> None:
    assert held(data)[0] in ("invalid-notebook", "not-utf8", "unsupported-format")


@given(notebook_files(), st.data())
def test_law_a_damaged_notebook_is_held_or_keeps_its_bytes(
    data: bytes, draw: st.DataObject
) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    damage = draw.draw(st.sampled_from([b"", b",", b"}", b"]", b'"', b"1", b"null", b"\\"]))
    damaged = data[:at] + damage + data[at + 1 :]
    try:
        content = parse_notebook(damaged)
    except HeldError:
        return
    assert format_notebook(content, damaged) == damaged


def test_a_template_that_must_be_left_alone_is_not_written_over() -> None:
    with pytest.raises(HeldError):
        format_notebook(parse_notebook(WHOLE), CONFLICT)
