"""The decision when disk, room and base meet."""

from __future__ import annotations

import itertools

import pytest

from rtcd.content import TextContent
from rtcd.sync.reconcile import JoinAction, JoinPlan, ListAction, Listed, plan_join, plan_listed

A, B, C = TextContent("a\n"), TextContent("b\n"), TextContent("c\n")


@pytest.mark.parametrize(
    ("base", "disk", "room", "plan"),
    [
        (None, A, A, JoinPlan(JoinAction.LINK)),
        (B, A, A, JoinPlan(JoinAction.LINK)),
        (None, None, A, JoinPlan(JoinAction.WRITE)),
        (None, A, B, JoinPlan(JoinAction.MERGE, "both-created")),
        (A, None, A, JoinPlan(JoinAction.REMOVE)),
        (A, None, B, JoinPlan(JoinAction.WRITE, "delete-edit")),
        (A, B, A, JoinPlan(JoinAction.SEND)),
        (A, A, B, JoinPlan(JoinAction.WRITE)),
        (A, B, C, JoinPlan(JoinAction.MERGE)),
    ],
)
def test_every_row_of_the_table(base, disk, room, plan):
    assert plan_join(base, disk, room) == plan


def test_every_triple_has_an_answer_and_equal_sides_never_move():
    for base, disk in itertools.product((None, A, B, C), repeat=2):
        for room in (A, B, C):
            plan = plan_join(base, disk, room)
            assert (plan.action is JoinAction.LINK) == (disk == room)


@pytest.mark.parametrize(
    ("listed", "action"),
    [
        (Listed("1", "1", "1", "1"), ListAction.NOTHING),
        (Listed(None, None, None, None), ListAction.NOTHING),
        (Listed(None, None, "1", "1"), ListAction.FORGET),
        (Listed(None, "1", None, None), ListAction.FETCH),
        (Listed(None, "1", "1", "1"), ListAction.REMOVE_REMOTE),
        (Listed(None, "2", "1", "1"), ListAction.FETCH),
        (Listed("1", None, None, None), ListAction.CREATE),
        (Listed("1", None, "1", "1"), ListAction.REMOVE_LOCAL),
        (Listed("2", None, "1", "1"), ListAction.CREATE),
        (Listed("1", "1", None, None), ListAction.LINK),
        (Listed("2", "2", "1", "1"), ListAction.LINK),
        (Listed("1", "2", None, None), ListAction.JOIN),
        (Listed("2", "1", "1", "1"), ListAction.JOIN),
        (Listed("1", "2", "1", "1"), ListAction.JOIN),
    ],
)
def test_a_file_nobody_has_open_is_decided_by_digest(listed, action):
    assert plan_listed(listed) == action


def test_a_deletion_is_never_carried_on_over_an_edit():
    for disk, server in itertools.product((None, "1", "2"), repeat=2):
        action = plan_listed(Listed(disk, server, "1", "1"))
        if action is ListAction.REMOVE_LOCAL:
            assert disk == "1"
        if action is ListAction.REMOVE_REMOTE:
            assert server == "1"
