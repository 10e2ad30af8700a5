"""Where a notebook file may hold a text as a list of lines (nbformat 4), and what else is special.

In a content all such lists are joined; in a file they stay what they were. All other JSON values
are never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

DISPLAY_OUTPUTS = ("display_data", "execute_result")
SPLIT_MIMES = ("application/javascript", "image/svg+xml")
"""Beside ``text/*`` the types whose texts nbformat writes as lists of lines."""


class Shape(Enum):
    """What a place in a notebook holds."""

    JSON = "any JSON value"
    LINES = "a text, perhaps as a list of lines"
    BUNDLE = "an object of one text or JSON value a mime type"
    ATTACHMENTS = "an object of one bundle a file name"
    OUTPUT = "one output of a code cell"
    OUTPUTS = "a list of outputs"


def inner_shape(shape: Shape, key: str | None, owner: Any) -> Shape:  # noqa: ANN401 - JSON
    """The shape of a member or item; ``owner`` is the value that holds it."""
    if key is None:
        return Shape.OUTPUT if shape is Shape.OUTPUTS else Shape.JSON
    if shape is Shape.ATTACHMENTS:
        return Shape.BUNDLE
    if shape is Shape.BUNDLE:
        return Shape.JSON if is_json_mime(key) else Shape.LINES
    if shape is Shape.OUTPUT:
        displays = owner.get("output_type") in DISPLAY_OUTPUTS
        if key == "data" and displays:
            return Shape.BUNDLE
        if key == "text" and not displays:
            return Shape.LINES
    return Shape.JSON


def is_json_mime(mime: str) -> bool:
    """Values of these types are JSON: a list there is a list."""
    return mime == "application/json" or (
        mime.startswith("application/") and mime.endswith("+json")
    )


def is_lines(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """True for a list of strings, also for an empty one."""
    return type(value) is list and set(map(type, value)) <= {str}


def joined(value: Any, shape: Shape) -> Any:  # noqa: ANN401 - any JSON value
    """The value as a content holds it: every text that may be split is one string."""
    if shape is Shape.JSON:
        return value
    if shape is Shape.LINES:
        return "".join(value) if is_lines(value) else value
    if type(value) is list or type(value) is tuple:
        return [joined(item, inner_shape(shape, None, value)) for item in value]
    if type(value) is not dict and not isinstance(value, Mapping):
        return value
    # Most values have nothing to join: those are handed on as they are.
    changed = {
        key: after
        for key in _perhaps_split(value, shape)
        if (after := joined(value[key], inner_shape(shape, key, value))) is not value[key]
    }
    return {**value, **changed} if changed else value


def _perhaps_split(value: Mapping[str, Any], shape: Shape) -> list[str]:
    """The members in which there may be lists of lines."""
    if shape is Shape.OUTPUT:
        key = "data" if value.get("output_type") in DISPLAY_OUTPUTS else "text"
        return [key] if type(value.get(key)) is not str and key in value else []
    if shape is Shape.BUNDLE:
        return [key for key, item in value.items() if type(item) is list]
    return list(value)


def split_lines(text: str) -> list[str]:
    """The lines of a text with their line feeds; no other character ends a line."""
    lines = text.split("\n")
    last = lines.pop()
    whole = [line + "\n" for line in lines]
    return [*whole, last] if last else whole


def for_file(value: Any, shape: Shape, *, as_lists: bool) -> Any:  # noqa: ANN401 - any JSON value
    """A new value as it is written: keys sorted, texts split as nbformat does.

    Args:
        value: as a content holds it.
        shape: what the place holds.
        as_lists: the file splits its texts into lists of lines.
    """
    if isinstance(value, str):
        return split_lines(value) if as_lists and shape is Shape.LINES else value
    if isinstance(value, Mapping):
        return {key: _member(value, key, shape, as_lists) for key in sorted(value)}
    if isinstance(value, list | tuple):
        if set(map(type, value)) <= {str, int, float, bool, type(None)}:
            return list(value)
        return [
            for_file(item, inner_shape(shape, None, value), as_lists=as_lists) for item in value
        ]
    return value


def _member(owner: Mapping[str, Any], key: str, shape: Shape, as_lists: bool) -> Any:  # noqa: ANN401
    if shape is Shape.BUNDLE and not (key.startswith("text/") or key in SPLIT_MIMES):
        as_lists = False
    return for_file(owner[key], inner_shape(shape, key, owner), as_lists=as_lists)
