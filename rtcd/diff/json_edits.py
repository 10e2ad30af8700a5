"""JSON values: equal in meaning or not, which keys changed, and what a document can hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rtcd.content import JsonObject
from rtcd.errors import ApplyError

MAX_DEPTH = 200
"""Deeper values can end the process of whoever decodes them (reliability F10)."""

EXACT_INTEGERS = 2**53


def same_json(old: Any, new: Any) -> bool:  # noqa: ANN401 - any JSON value
    """True when both mean the same: ``canonical_json`` would be equal, at a fraction of its cost.

    1 is 1.0 but not true, NaN is NaN, the order of keys does not count.
    """
    if old is new:
        return True
    # The plain types first: nearly all values are of them, and asking for ABCs is slow.
    if type(old) is str:
        return bool(old == new)
    if type(old) is dict or isinstance(old, Mapping):
        return _same_objects(old, new)
    if type(old) is list or isinstance(old, list | tuple):
        return _same_rows(old, new)
    if isinstance(old, bool) or isinstance(new, bool):
        return False
    if isinstance(old, int | float) and isinstance(new, int | float):
        return _same_numbers(old, new)
    return type(old) is type(new) and bool(old == new)


def _same_objects(old: JsonObject, new: Any) -> bool:  # noqa: ANN401 - any JSON value
    if not (type(new) is dict or isinstance(new, Mapping)) or len(old) != len(new):
        return False
    # Texts, which most values are, are compared here: each call costs more than comparing one.
    for key, value in old.items():
        if key not in new:
            return False
        other = new[key]
        if value is other:
            continue
        if value != other if type(value) is str else not same_json(value, other):
            return False
    return True


def _same_rows(old: Sequence[Any], new: Any) -> bool:  # noqa: ANN401 - any JSON value
    if not isinstance(new, list | tuple) or len(old) != len(new):
        return False
    return all(map(same_json, old, new))


def _same_numbers(old: float, new: float) -> bool:
    if old == new:
        return type(old) is type(new) or abs(old) < EXACT_INTEGERS
    return math.isnan(old) and math.isnan(new)


@dataclass(frozen=True, slots=True)
class KeyEdits:
    """The keys of a JSON object that get a new value, and those that go."""

    assigned: Mapping[str, Any] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.assigned or self.removed)


def diff_keys(old: JsonObject, new: JsonObject) -> KeyEdits:
    """Key by key, not deeper: a value that changed anywhere inside is assigned whole."""
    return KeyEdits(
        {
            key: value
            for key, value in new.items()
            if key not in old or not same_json(old[key], value)
        },
        frozenset(old.keys() - new.keys()),
    )


def storable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value in plain dicts and lists, once it is sure that a shared document can hold it.

    To be called before a transaction opens, because a transaction cannot be rolled back.

    Raises:
        ApplyError: an integer beyond 64 bits, half a surrogate pair, nested more than 200 levels
            deep, or no JSON value at all (merging 2).
    """
    return _storable(value, MAX_DEPTH)


def _storable(value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return storable_text(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ApplyError(
                "a number is too large for a shared document",
                hint="Whole numbers must fit into 64 bits; write it as text.",
            )
        return value
    if depth == 0:
        raise ApplyError(f"a value is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, Mapping):
        return dict(_storable_items(value, depth - 1))
    if isinstance(value, list | tuple):
        return [_storable(item, depth - 1) for item in value]
    raise ApplyError(f"a {type(value).__name__} is no JSON value")


def _storable_items(value: JsonObject, depth: int) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if not isinstance(key, str):
            raise ApplyError(f"a key is a {type(key).__name__} and no text")
        yield storable_text(key), _storable(item, depth)


def storable_text(text: str) -> str:
    """The text itself, once it is sure that it can be written as UTF-8.

    Raises:
        ApplyError: it holds half a surrogate pair.
    """
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ApplyError("a text holds half a surrogate pair and is no Unicode") from error
    return text
