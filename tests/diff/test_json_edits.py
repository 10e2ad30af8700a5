"""JSON values: sameness, edits by key, and what a document can hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.content import canonical_json
from rtcd.diff.json_edits import KeyEdits, diff_keys, same_json, storable
from rtcd.errors import ApplyError

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 2.0**53, 1.0, 0.0, -0.0, 1.5, 1e300]),
    st.sampled_from([float("nan"), float("inf"), "", "1", "a"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_same_is_what_has_the_same_canonical_text(old: Any, new: Any) -> None:
    assert same_json(old, new) is (canonical_json(old) == canonical_json(new))


@pytest.mark.parametrize(
    ("old", "new"), [(1, True), (0, False), (2.0, "2"), ("", None), ([], {}), (2**53, 2.0**53)]
)
def test_what_python_takes_for_equal_or_empty_may_be_another_value(old: Any, new: Any) -> None:
    for one, other in ((old, new), (new, old)):
        assert not same_json(one, other)
        assert not same_json({"k": one}, {"k": other})
        assert not same_json([one], [other])


@given(VALUES)
def test_a_value_is_the_same_as_a_copy_of_it(value: Any) -> None:
    assert same_json(value, storable(value))


def test_keys_are_edited_one_by_one() -> None:
    old = {"kept": 1, "changed": [1], "removed": None}
    new = {"kept": 1.0, "changed": [2], "added": True}
    assert diff_keys(old, new) == KeyEdits({"changed": [2], "added": True}, frozenset({"removed"}))
    assert not diff_keys(old, old)


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63) - 1, [{"deep": 2**64}], "\ud800", {"\udfff": 1}, {1: "a"}, b"bytes", {1, 2}],
)
def test_what_would_make_the_library_panic_is_refused(value: Any) -> None:
    with pytest.raises(ApplyError):
        storable(value)


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: Any = 1
    for _ in range(201):
        value = [value]
    with pytest.raises(ApplyError, match="levels deep"):
        storable(value)


def test_the_largest_integers_and_nan_can_be_held() -> None:
    values = [2**63 - 1, -(2**63), float("inf")]
    assert storable(values) == values
    assert same_json(storable(float("nan")), float("nan"))
