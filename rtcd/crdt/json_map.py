"""Shared values as plain JSON, and JSON objects in shared maps, key by key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pycrdt

from rtcd.content import canonical_json
from rtcd.errors import UpdateRefusedError

EXACT_INTEGERS = 2**53

MAX_DEPTH = 200


def _native_types() -> tuple[type, type, type]:
    """The library's own classes behind its Python classes: of maps, arrays and texts."""
    some: pycrdt.Doc[Any] = pycrdt.Doc()
    found = some.get("map", type=pycrdt.Map), some.get("array", type=pycrdt.Array)
    return (
        type(found[0].integrated),
        type(found[1].integrated),
        type(some.get("text", type=pycrdt.Text).integrated),
    )


NATIVE_MAP, NATIVE_ARRAY, NATIVE_TEXT = _native_types()


def read_json(value: Any) -> Any:  # noqa: ANN401 - any shared or plain value
    """A shared value and all in it as plain values; whole numbers become ``int`` again.

    Numbers travel as floats, so 1 and 1.0 cannot be told apart in a document. What is nested is
    read below the library's Python classes, each of which would open a transaction and look twice
    for every key: that takes a fifth of the time.

    Raises:
        UpdateRefusedError: shared values are nested deeper than any honest client does.
    """
    if not isinstance(value, pycrdt.Map | pycrdt.Array | pycrdt.Text):
        return _whole_numbers(value)
    with value.doc.transaction() as transaction:
        return _read_native(value.integrated, transaction._txn, MAX_DEPTH)


def _read_native(value: Any, transaction: Any, depth: int) -> Any:  # noqa: ANN401 - untyped library
    kind = type(value)
    if kind is NATIVE_TEXT:
        return value.get_string(transaction)
    if kind is not NATIVE_MAP and kind is not NATIVE_ARRAY:
        return _whole_numbers(value)
    if depth == 0:
        raise UpdateRefusedError(f"shared values are nested more than {MAX_DEPTH} levels deep")
    if kind is NATIVE_MAP:
        return {
            key: _read_native(value.get(transaction, key), transaction, depth - 1)
            for key in value.keys(transaction)
        }
    return [
        _read_native(value.get(transaction, index), transaction, depth - 1)
        for index in range(value.len(transaction))
    ]


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
