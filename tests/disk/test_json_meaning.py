"""What means the same in JSON."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from rtcd.disk.json_meaning import same_meaning

NAN = float("nan")
EQUAL = [
    (1, 1.0),
    (0, -0.0),
    (NAN, float("nan")),
    (2**63 - 1, float(2**63)),
    ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
    ({"a": 1}, MappingProxyType({"a": 1})),
    ([1, [NAN]], (1.0, (NAN,))),
    ([0.5] * 20 + [NAN], [0.5] * 20 + [float("nan")]),
    (["a"] * 20, ("a",) * 20),
]
DIFFERENT = [
    (1, True),
    (0, False),
    (0, None),
    ("", None),
    ("1", 1),
    (2**60, 2**60 + 1),
    (10**400, 1.0),
    ([1] * 20, [True] * 20),
    ([], {}),
    ("", []),
    ({"a": 1}, {"a": 1, "b": None}),
    ({"a": None}, {"b": None}),
    ([1, 2], [2, 1]),
    (["a"] * 20, ["a"] * 19 + ["b"]),
]


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal_in_meaning_whichever_way_round(a: Any, b: Any) -> None:
    assert same_meaning(a, b)
    assert same_meaning(b, a)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_in_meaning_whichever_way_round(a: Any, b: Any) -> None:
    assert not same_meaning(a, b)
    assert not same_meaning(b, a)
