"""The tables of the exchange: every transition there is, and that there are no others."""

from __future__ import annotations

import itertools

import pytest

from rtcd.lan.exchange_states import (
    GUEST,
    HOST,
    OFFER,
    GuestState,
    GuestTurn,
    HostState,
    HostTurn,
    IllegalTurnError,
    OfferState,
    OfferTurn,
    move,
)

TABLES = {
    "guest": (GUEST, GuestState, GuestTurn),
    "host": (HOST, HostState, HostTurn),
    "offer": (OFFER, OfferState, OfferTurn),
}
LEGAL = {
    ("guest", "NEW", "GREET", "GREETED"),
    ("guest", "GREETED", "HOST_SHARE", "CONFIRMED"),
    ("guest", "GREETED", "WRONG", "FAILED"),
    ("guest", "CONFIRMED", "HOST_PROOF", "JOINED"),
    ("guest", "CONFIRMED", "WRONG", "FAILED"),
    ("host", "NEW", "GUEST_SHARE", "ANSWERED"),
    ("host", "NEW", "WRONG", "FAILED"),
    ("host", "ANSWERED", "GUEST_PROOF", "ADMITTED"),
    ("host", "ANSWERED", "WRONG", "FAILED"),
    ("offer", "OPEN", "ADMITTED", "USED"),
    ("offer", "OPEN", "WRONG_GUESS", "BURNED"),
    ("offer", "OPEN", "TIME_IS_UP", "EXPIRED"),
    ("offer", "OPEN", "TAKEN_BACK", "WITHDRAWN"),
}
ALL = [
    (name, state, turn)
    for name, (_, states, turns) in TABLES.items()
    for state, turn in itertools.product(states, turns)
]


@pytest.mark.parametrize(("name", "state", "turn"), ALL, ids=str)
def test_each_turn_leads_where_the_protocol_says_or_is_refused(name, state, turn):
    table = TABLES[name][0]
    expected = [end for *key, end in LEGAL if key == [name, state.name, turn.name]]
    if expected:
        assert move(table, state, turn).name == expected[0]
    else:
        with pytest.raises(IllegalTurnError):
            move(table, state, turn)


@pytest.mark.parametrize("name", TABLES)
def test_every_state_has_a_row_and_every_end_is_final(name):
    table, states, _ = TABLES[name]
    assert set(table) == set(states)
    reached = {end for row in table.values() for end in row.values()}
    assert reached | {next(iter(states))} == set(states), "no state that nothing leads to"


def test_nobody_gets_in_but_by_the_host_having_seen_a_right_proof():
    doors = [
        (state, turn)
        for state, row in HOST.items()
        for turn, end in row.items()
        if end is HostState.ADMITTED
    ]
    assert doors == [(HostState.ANSWERED, HostTurn.GUEST_PROOF)]


def test_an_offer_ends_with_the_first_thing_that_happens_to_it():
    assert all(not OFFER[state] for state in OfferState if state is not OfferState.OPEN)
