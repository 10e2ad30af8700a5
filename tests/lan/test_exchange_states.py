"""The tables of the exchange: every transition there is, and that there are no others."""

from __future__ import annotations

import itertools
import os
import secrets

import pytest

from rtcd.lan import door as door_module
from rtcd.lan import exchange
from rtcd.lan.door import LIFETIME_SECONDS, Door, RefusedError
from rtcd.lan.exchange import GuestExchange, WrongProofError
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


def test_the_exchange_and_the_door_make_every_turn_there_is_and_no_other(monkeypatch):
    made: set[tuple[str, str, str, str]] = set()

    def noting(table, state, turn):
        after = move(table, state, turn)
        [name] = [name for name, (known, _, _) in TABLES.items() if known is table]
        made.add((name, state.name, turn.name, after.name))
        return after

    monkeypatch.setattr(exchange, "move", noting)
    monkeypatch.setattr(door_module, "move", noting)
    now = 0.0
    door = Door(lambda: now, os.urandom, secrets.choice)
    nothing = bytes(33)

    code = door.offer("join").code
    guest = GuestExchange(code, b"", os.urandom)
    attempt, share = door.greet(code.number, guest.greet(), "a", b"")
    admission = door.prove(attempt, *guest.prove(share, {}))
    guest.conclude(*admission.answer({}))

    code = door.offer("join").code
    guest, unsure = (GuestExchange(code, b"", os.urandom) for _ in range(2))
    attempt, share = door.greet(code.number, guest.greet(), "b", b"")
    _, sealed = guest.prove(share, {})
    unsure.greet()
    for wrong in (
        lambda: door.greet(code.number, nothing, "b", b""),
        lambda: door.prove(attempt, bytes(32), sealed),
        lambda: guest.conclude(bytes(32), b""),
        lambda: unsure.prove(nothing, {}),
    ):
        with pytest.raises((RefusedError, WrongProofError)):
            wrong()

    door.offer("join")
    door.withdraw("join")
    door.offer("join")
    now += LIFETIME_SECONDS
    assert door.open_numbers() == []
    assert made == LEGAL


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
