"""The style of a JSON file is seen in the file itself."""

from __future__ import annotations

import json

import pytest

from rtcd.disk.json_spans import read_container
from rtcd.disk.json_style import JsonStyle, detect_style

VALUE = {"a": [1, {"b": "x"}], "c": {}}


def style_of(text: str) -> JsonStyle:
    top = read_container(text, 0)
    return detect_style(text, top, [{slot.key or "": slot.value for slot in top.slots}])


@pytest.mark.parametrize("indent", [0, 1, 2, 4, "\t", " \t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("colon", [": ", ":", " : "])
def test_a_value_dumped_in_the_style_of_its_own_file_gives_the_file(
    indent: int | str, newline: str, colon: str
) -> None:
    text = json.dumps(VALUE, indent=indent, separators=(",", colon)).replace("\n", newline)
    assert style_of(text).dump(VALUE, "") == text


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (",  ", " :")])
def test_a_file_on_one_line_stays_on_one_line(separators: tuple[str, str]) -> None:
    text = json.dumps(VALUE, separators=separators)
    assert style_of(text).dump(VALUE, "") == text
    assert style_of(text).indent is None


@pytest.mark.parametrize(
    ("text", "ascii_only"),
    [
        ('{"a": "x"}', False),
        ('{"a": "é"}', False),
        ('{"a": "\\u00e9"}', True),
        ('{"a": "\\u00e9 é"}', False),
        ('{"a": "\\u001b"}', False),
        ('{"a": "\\\\u00e9"}', False),
        ('{"a": "\\\\\\u00e9"}', True),
        ('{"a": "\\ud83d\\ude00"}', True),
    ],
)
def test_ascii_only_where_escapes_show_it(text: str, ascii_only: bool) -> None:
    assert style_of(text).ascii is ascii_only


def test_sorted_keys_are_seen() -> None:
    assert style_of('{"a": 1, "b": 1}').sorted_keys
    assert not style_of('{"b": 1, "a": 1}').sorted_keys


def test_an_empty_object_has_the_style_of_nbformat() -> None:
    assert style_of("{}") == JsonStyle()
