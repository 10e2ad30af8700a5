"""Shared maps as JSON."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text

from rtcd.crdt.json_map import edit_map, read_json, watch_map
from rtcd.errors import UpdateRefusedError


def shared_map(values: dict[str, Any]) -> Map[Any]:
    shared: Map[Any] = Doc().get("map", type=Map)
    shared.update(values)
    return shared


def test_nested_shared_types_are_read_as_plain_values() -> None:
    shared = shared_map({"list": Array([Map({"text": Text("é😀")}), 1]), "plain": {"a": [1, 2.5]}})
    assert read_json(shared) == {"list": [{"text": "é😀"}, 1], "plain": {"a": [1, 2.5]}}


def test_a_value_is_read_the_same_from_outside_and_inside_a_transaction() -> None:
    shared = shared_map({"a": Array([Text("x"), None, {"b": [1]}, Array([])]), "e": Map({})})
    expected = {"a": ["x", None, {"b": [1]}, []], "e": {}}
    assert read_json(shared) == expected
    with shared.doc.transaction():
        shared["new"] = Text("y")
        assert read_json(shared) == {**expected, "new": "y"}
        assert [read_json(item) for item in shared["a"]] == expected["a"]
    assert read_json(shared) == {**expected, "new": "y"}


def test_whole_numbers_become_integers_and_others_stay() -> None:
    value = read_json(shared_map({"a": [1.0, -2.0, 1e300, float("inf")], "b": True, "c": 2**60}))
    assert [type(item) for item in value["a"]] == [int, int, float, float]
    assert value["b"] is True
    assert value["c"] == 2**60
    assert math.isnan(read_json(shared_map({"n": float("nan")}))["n"])


def test_only_the_named_keys_are_touched() -> None:
    shared = shared_map({"kept": {"x": 1}, "changed": 1, "removed": 2})
    before = shared.doc.get_state()
    edit_map(shared, {"changed": 3}, {"removed", "absent"})
    assert read_json(shared) == {"kept": {"x": 1}, "changed": 3}
    assert len(shared.doc.get_update(before)) < 40


def test_a_stored_map_is_edited_key_by_key() -> None:
    """So that two people may change two keys of it."""
    shared = shared_map({"inner": Map({"a": 1, "b": 2, "deep": Map({"x": 1})})})
    inner = shared["inner"]
    edit_map(shared, {"inner": {"a": True, "deep": {"x": 2}}}, ())
    assert read_json(inner) == {"a": True, "deep": {"x": 2}}
    assert shared["inner"]["deep"]["x"] == 2


def test_a_watched_map_tells_of_nested_changes_until_the_subscription_goes() -> None:
    shared = shared_map({"inner": Map({"a": 1})})
    told: list[bool] = []
    subscription = watch_map(shared, lambda: told.append(True))
    shared["inner"]["a"] = 2
    shared["other"] = 1
    assert told == [True, True]
    subscription.drop()
    shared["other"] = 2
    assert told == [True, True]


def test_a_hostile_nesting_is_refused_and_does_not_end_the_process() -> None:
    shared = shared_map({})
    inner = shared
    for _ in range(300):
        inner["x"] = Map({})
        inner = inner["x"]
    with pytest.raises(UpdateRefusedError):
        read_json(shared)
