"""When two JSON values mean the same, though they may be written differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PLAIN_RUN = 16
"""Lists of at least so many items are looked at as a whole before item by item."""


def same_meaning(a: Any, b: Any) -> bool:  # noqa: ANN401 - any JSON value
    """1 means 1.0 and NaN means NaN; ``true`` is not 1; the order of keys does not count.

    An integer means the float that it becomes in a shared document, even where that is not exact
    (beyond 2**53): the file then keeps its own literal. See merging 2 and 7.
    """
    if a is b:
        return True
    kind, other = type(a), type(b)
    if kind is str or other is str:
        return bool(a == b)
    if kind is dict and other is dict:
        return _same_members(a, b)
    if kind is bool or other is bool or a is None or b is None:
        return False
    if isinstance(a, int | float):
        return isinstance(b, int | float) and _same_number(a, b)
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and _same_members(a, b)
    return isinstance(a, list | tuple) and isinstance(b, list | tuple) and _same_items(a, b)


def _same_number(a: float, b: float) -> bool:
    if a == b or (a != a and b != b):
        return True
    if isinstance(a, int) and isinstance(b, int):
        return False
    try:
        return float(a) == float(b)
    except OverflowError:
        return False


def _same_members(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    if len(a) != len(b):
        return False
    # A plain loop: this is asked for every value of a notebook, and generators cost.
    for key, value in a.items():  # noqa: SIM110
        if key not in b or not same_meaning(value, b[key]):
            return False
    return True


def _same_items(a: Sequence[Any], b: Sequence[Any]) -> bool:
    if len(a) != len(b):
        return False
    if len(a) >= PLAIN_RUN:
        kinds = set(map(type, a)) | set(map(type, b))
        if kinds == {str}:
            return list(a) == list(b)
        # True == 1 in Python, so only pure numbers can be compared as a whole.
        if kinds <= {int, float} and list(a) == list(b):
            return True
    return all(map(same_meaning, a, b))
