"""Announcements as items of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.rooms.news import Announcement, Hearing, format_item, parse_item

CREATED = Announcement("created", "a/b.txt", by="Ada")
RENAMED = Announcement("renamed", "a.txt", "b.txt", by="Bo")


@pytest.mark.parametrize(
    "one",
    [
        CREATED,
        RENAMED,
        Announcement("folder", "é"),
        Announcement("deleted", "x"),
        Announcement("changed", "x", by="Ada", digest="0a1b"),
    ],
)
def test_an_item_says_what_was_announced(one):
    assert parse_item(format_item("1.1", one)) == one


def test_what_is_not_in_the_list_any_more_is_not_remembered():
    hearing = Hearing(own_id=1)
    first, second = format_item("2.1", CREATED), format_item("2.2", RENAMED)
    assert hearing.hear_new([first]) == [CREATED]
    assert hearing.hear_new([first, second]) == [RENAMED]
    hearing.keep_only({"2.2"})
    assert hearing.hear_new([first, second]) == [CREATED]


def test_each_item_of_others_is_heard_once():
    hearing = Hearing(own_id=1)
    first, second, own = (
        format_item("2.1", CREATED),
        format_item("2.2", RENAMED),
        format_item("1.1", CREATED),
    )
    assert hearing.hear([first, own]) == [CREATED]
    assert hearing.hear([first, own, second]) == [RENAMED]
    assert hearing.hear([second]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../x"},
        {"path": "/etc/passwd"},
        {"path": 3},
        {"kind": "explode"},
        {"new_path": "b"},
        {"path": "a\0"},
    ],
)
def test_hostile_items_are_passed_over(change):
    assert parse_item(format_item("2.1", CREATED) | change) is None


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda i: st.dictionaries(st.text(), i) | st.lists(i)
    )
)
def test_any_item_is_an_announcement_or_nothing(item):
    assert parse_item(item) is None
