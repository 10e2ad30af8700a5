"""Shared values as plain JSON, and JSON objects in shared maps, key by key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pycrdt

from rtcd.content import canonical_json
from rtcd.errors import UpdateRefusedError

EXACT_INTEGERS = 2**53

MAX_DEPTH = 200


def read_json(value: Any, depth: int = MAX_DEPTH) -> Any:  # noqa: ANN401 - any shared or plain value
    """A shared value and all in it as plain values; whole numbers become ``int`` again.

    Numbers travel as floats, so 1 and 1.0 cannot be told apart in a document.

    Raises:
        UpdateRefusedError: shared values are nested deeper than any honest client does.
    """
    if isinstance(value, pycrdt.Text):
        return str(value)
    if not isinstance(value, pycrdt.Map | pycrdt.Array):
        return _whole_numbers(value)
    if depth == 0:
        raise UpdateRefusedError(f"shared values are nested more than {MAX_DEPTH} levels deep")
    with value.doc.transaction():
        if isinstance(value, pycrdt.Map):
            return {key: read_json(item, depth - 1) for key, item in value.items()}
        return [read_json(item, depth - 1) for item in value]


def _whole_numbers(value: Any) -> Any:  # noqa: ANN401 - any plain value
    if isinstance(value, float):
        exact = value.is_integer() and abs(value) < EXACT_INTEGERS
        return int(value) if exact else value
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return value


def edit_map(
    shared: pycrdt.Map[Any], assigned: Mapping[str, Any], removed: Collection[str]
) -> None:
    """Assign and remove keys; a value that is stored as a map is edited key by key in turn.

    Call it inside a transaction, with values that ``storable`` let through.
    """
    for key in removed:
        if key in shared:
            del shared[key]
    for key, value in assigned.items():
        stored = shared.get(key)
        if isinstance(stored, pycrdt.Map) and isinstance(value, Mapping):
            _become(stored, value)
        else:
            shared[key] = value


def _become(shared: pycrdt.Map[Any], value: Mapping[str, Any]) -> None:
    old = read_json(shared)
    changed = {
        key: item
        for key, item in value.items()
        if key not in old or canonical_json(old[key]) != canonical_json(item)
    }
    edit_map(shared, changed, old.keys() - value.keys())


def watch_map(shared: pycrdt.Map[Any], told: Callable[[], None]) -> pycrdt.Subscription:
    """Tell of every transaction that changed the map or anything nested in it.

    ``told`` must not reach the document, see ``watch_items``. The subscription must be kept.
    """

    def observe(events: Any) -> None:  # noqa: ANN401 - what the library hands over
        del events
        told()

    subscription: pycrdt.Subscription = shared.integrated.observe_deep(observe)
    return subscription
