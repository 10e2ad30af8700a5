"""A JSON reader that remembers where everything stands.

Only one container is walked at a time: its items are read by the C scanner of the standard
library, so that the cost in Python is a few microseconds an item, however large the items are. Who
wants to look deeper calls ``read_container`` again at the place of an item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, NamedTuple

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")

ReadValue = Callable[[str, str | None, int], tuple[Any, int]]
"""(text, key or None, start) -> (value, end): reads one value of a container."""


class Slot(NamedTuple):
    """One item of an array, or one member of an object; all places are offsets in code points.

    ``before`` is the end of the ``[``, ``{`` or ``,`` before it, ``start`` that of the item (of
    its key, in an object), ``value_start`` that of the value, ``end`` the end of the value and
    ``after`` the place of the ``,`` or bracket behind it. ``number`` counts from 0.
    """

    number: int
    key: str | None
    value: Any
    before: int
    start: int
    value_start: int
    end: int
    after: int


@dataclass(frozen=True, slots=True)
class Container:
    """An array or object: ``text[start:end]`` with its brackets, and its items in order."""

    start: int
    end: int
    slots: tuple[Slot, ...]


def skip_space(text: str, at: int) -> int:
    """The next place that is not JSON white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def read_value(text: str, key: str | None, start: int) -> tuple[Any, int]:
    """The value at a place, and where it ends.

    Raises:
        JSONDecodeError: there is none.
        RecursionError: it is nested some thousand levels deep.
    """
    del key
    return _DECODER.raw_decode(text, start)


def read_container(text: str, start: int, read: ReadValue = read_value) -> Container:
    """The array or object that begins at ``start``.

    Duplicate keys are all there, in the order of the file; the last one counts in JSON.

    Args:
        text: the whole JSON text.
        start: the place of the ``[`` or ``{``.
        read: reads one value; for a caller who wants the spans of a certain member, too.

    Raises:
        JSONDecodeError: it is not valid JSON.
        RecursionError: a value is nested some thousand levels deep.
    """
    bracket = text[start : start + 1]
    if bracket not in ("[", "{"):
        raise JSONDecodeError("Expecting an array or object", text, start)
    close = "]" if bracket == "[" else "}"
    slots: list[Slot] = []
    at = skip_space(text, start + 1)
    if text[at : at + 1] == close:
        return Container(start, at + 1, ())
    before = start + 1
    while True:
        key, value_start = _read_key(text, at) if close == "}" else (None, at)
        value, end = read(text, key, value_start)
        after = skip_space(text, end)
        slots.append(Slot(len(slots), key, value, before, at, value_start, end, after))
        mark = text[after : after + 1]
        if mark == close:
            return Container(start, after + 1, tuple(slots))
        if mark != ",":
            raise JSONDecodeError("Expecting ',' delimiter", text, after)
        before = after + 1
        at = skip_space(text, before)


def _read_key(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] != '"':
        raise JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    key, end = _DECODER.raw_decode(text, at)
    colon = skip_space(text, end)
    if text[colon : colon + 1] != ":":
        raise JSONDecodeError("Expecting ':' delimiter", text, colon)
    return key, skip_space(text, colon + 1)
