"""How a JSON file is written: indent, gaps, line ends, ASCII escapes, order of keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rtcd.disk.json_spans import Container

_ESCAPE_BEYOND_ASCII = re.compile(r"\\u(?!00[0-7])")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonStyle:
    """The style of one JSON file; the defaults are nbformat's own.

    ``indent`` is the step of one level, or None when all stands on one line. ``gap`` stands after
    a comma within a line, ``colon`` is the colon with the space around it.
    """

    indent: str | None = " "
    gap: str = " "
    colon: str = ": "
    newline: str = "\n"
    ascii: bool = False
    sorted_keys: bool = True

    def dump(self, value: Any, margin: str | None) -> str:  # noqa: ANN401 - any JSON value
        """A value as JSON text, keys in the order they come.

        Args:
            value: any JSON value.
            margin: the white space at the begin of the line it starts in; None: on one line.
        """
        if margin is None or self.indent is None or not isinstance(value, dict | list):
            return json.dumps(
                value, ensure_ascii=self.ascii, separators=("," + self.gap, self.colon)
            )
        text = json.dumps(
            value, ensure_ascii=self.ascii, indent=self.indent, separators=(",", self.colon)
        )
        # Line ends within strings are escaped, so every one found here is our own.
        return text.replace("\n", self.newline + margin)

    def open_gap(self, margin: str | None) -> str:
        """What stands between ``[`` or ``{`` and the first item."""
        if margin is None or self.indent is None:
            return ""
        return self.newline + margin + self.indent

    def next_gap(self, margin: str | None) -> str:
        """What stands between a comma and the next item."""
        return self.gap if margin is None or self.indent is None else self.open_gap(margin)

    def close_gap(self, margin: str | None) -> str:
        """What stands between the last item and its closing bracket."""
        return "" if margin is None or self.indent is None else self.newline + margin


def detect_style(text: str, top: Container, samples: Iterable[Mapping[str, Any]]) -> JsonStyle:
    """The style of a JSON file.

    Args:
        text: the whole file, decoded.
        top: its outermost object.
        samples: some objects of the file, to see whether keys are sorted.
    """
    newline = _newline_of(text)
    if not top.slots:
        return JsonStyle(newline=newline)
    first = top.slots[0]
    lead = text[first.before : first.start]
    indent = lead.rpartition("\n")[2].rpartition("\r")[2] if lead.strip(" \t") else None
    return JsonStyle(
        indent=indent,
        gap=_gap_of(text, top) if indent is None else " ",
        colon=_colon_of(text, top),
        newline=newline,
        ascii=_is_ascii_escaped(text),
        sorted_keys=all(list(sample) == sorted(sample) for sample in samples),
    )


def _newline_of(text: str) -> str:
    """Line ends within JSON strings are always escaped: all that is found is the file's own."""
    if "\r" not in text:
        return "\n"
    lf = text.count("\n")
    if not lf:
        return "\r"
    return "\r\n" if 2 * text.count("\r\n") >= lf else "\n"


def _gap_of(text: str, top: Container) -> str:
    if len(top.slots) < 2:
        return " "
    second = top.slots[1]
    return text[second.before : second.start]


def _colon_of(text: str, top: Container) -> str:
    first = top.slots[0]
    written = text[first.start : first.value_start]
    colon = written[len(written.rstrip(": \t\r\n")) :]
    return ": " if "\n" in colon or "\r" in colon else colon


def _is_ascii_escaped(text: str) -> bool:
    if not text.isascii():
        return False
    return any(_is_escape(text, match.start()) for match in _ESCAPE_BEYOND_ASCII.finditer(text))


def _is_escape(text: str, backslash: int) -> bool:
    """False where the backslash is itself escaped by the one before it."""
    start = backslash
    while start > 0 and text[start - 1] == "\\":
        start -= 1
    return (backslash - start) % 2 == 0
