"""The table of states."""

from __future__ import annotations

import pytest

from rtcd.rooms.states import TRANSITIONS, IllegalTurnError, State, Turn, move


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("turn", Turn)
def test_every_turn_is_in_the_table_or_raises(state, turn):
    if turn in TRANSITIONS[state]:
        assert move(state, turn) is TRANSITIONS[state][turn]
    else:
        with pytest.raises(IllegalTurnError):
            move(state, turn)


def test_closed_is_the_end_and_reachable_from_everywhere():
    assert TRANSITIONS[State.CLOSED] == {}
    for state in set(State) - {State.CLOSED}:
        assert move(state, Turn.LOST) is State.CLOSED


def test_a_document_is_pulled_once():
    assert [state for state in State if Turn.PULLED in TRANSITIONS[state]] == [State.PULLING]
