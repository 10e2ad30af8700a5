"""Presence without IO."""

from __future__ import annotations

import contextlib
import json

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.crdt.awareness import (
    Arrivals,
    Awareness,
    ClientState,
    decode_awareness,
    encode_awareness,
)
from rtcd.crdt.client_id import new_client_id
from rtcd.crdt.wire import write_bytes, write_integer
from rtcd.errors import UpdateRefusedError

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)
STATES = st.none() | st.dictionaries(st.text(st.characters(codec="utf-8")), JSON_VALUES, max_size=4)
CLIENTS = st.lists(
    st.builds(ClientState, st.integers(0, 2**53), st.integers(0, 2**32), STATES), max_size=5
)


@given(CLIENTS)
def test_what_is_encoded_is_decoded(clients):
    assert decode_awareness(encode_awareness(clients)) == clients


def test_pycrdt_reads_ours_and_we_read_pycrdts():
    theirs = pycrdt.Awareness(pycrdt.Doc(client_id=5))
    ours = encode_awareness([ClientState(7, 3, {"user": {"name": "Zoë 😀"}})])
    theirs.apply_awareness_update(pycrdt.read_message(ours[1:]), None)
    assert theirs.states[7] == {"user": {"name": "Zoë 😀"}}
    theirs.set_local_state({"user": {"name": "Åsa"}})
    message = pycrdt.create_awareness_message(theirs.encode_awareness_update([5, 7]))
    assert decode_awareness(message) == [
        ClientState(5, 1, {"user": {"name": "Åsa"}}),
        ClientState(7, 3, {"user": {"name": "Zoë 😀"}}),
    ]


def test_a_goodbye_is_what_the_server_takes_for_one():
    awareness = Awareness(7)
    awareness.say({"a": 1}, 0.0)
    message = awareness.say(None, 1.0)
    assert pycrdt.is_awareness_disconnect_message(message[1:])


def one(client_id, clock, state):
    return [ClientState(client_id, clock, state)]


def test_people_come_change_and_go():
    awareness = Awareness(1)
    assert awareness.hear(one(2, 1, {"a": 1}), 0.0) == Arrivals(added=(2,))
    assert awareness.hear(one(2, 2, {"a": 1}), 1.0) == Arrivals(renewed=(2,))
    assert awareness.hear(one(2, 3, {"a": 2}), 2.0) == Arrivals(changed=(2,))
    assert awareness.hear(one(2, 2, {"a": 9}), 3.0) == Arrivals()
    assert awareness.states() == {2: {"a": 2}}
    assert awareness.hear(one(2, 4, None), 4.0) == Arrivals(removed=(2,))
    assert awareness.states() == {}
    assert awareness.heard_at() == {2: None}
    assert awareness.hear(one(2, 5, {"a": 3}), 5.0) == Arrivals(added=(2,))


def test_who_is_silent_for_long_is_forgotten_and_may_come_back():
    awareness = Awareness(1, expire_seconds=30.0)
    awareness.hear(one(2, 9, {"a": 1}), 0.0)
    awareness.hear(one(3, 9, {"a": 1}), 20.0)
    assert awareness.next_deadline() == 30.0
    assert awareness.expire(29.9) == ()
    assert awareness.expire(30.0) == (2,)
    assert awareness.states() == {3: {"a": 1}}
    assert awareness.hear(one(2, 1, {"b": 1}), 31.0) == Arrivals(added=(2,))


def test_our_own_echo_is_no_news_but_confirms_what_we_said():
    awareness = Awareness(1)
    first, second = awareness.say({"a": 1}, 10.0), awareness.say({"a": 2}, 20.0)
    assert awareness.confirmed_at is None
    assert awareness.hear(decode_awareness(first), 30.0) == Arrivals()
    assert awareness.confirmed_at == 10.0
    awareness.hear(decode_awareness(second), 31.0)
    awareness.hear(decode_awareness(first), 32.0)
    assert awareness.confirmed_at == 20.0
    assert awareness.states() == {}


def test_we_renew_in_time_and_only_while_we_are_here():
    awareness = Awareness(1, renew_seconds=15.0)
    assert not awareness.must_renew(100.0)
    awareness.say({"a": 1}, 100.0)
    assert awareness.next_deadline() == 115.0
    assert (awareness.must_renew(114.0), awareness.must_renew(115.0)) == (False, True)
    awareness.say(None, 115.0)
    assert not awareness.must_renew(200.0)


@given(st.binary(max_size=60))
def test_junk_is_refused_and_nothing_else_is_raised(junk):
    with contextlib.suppress(UpdateRefusedError):
        decode_awareness(b"\1" + junk)


@pytest.mark.parametrize(
    "body",
    [
        write_integer(2**40),
        b"\1\2\3" + write_bytes(json.dumps({"a": "x" * 300_000}).encode()),
        b"\1\2\3" + write_bytes(b"[" * 100_000),
        b"\1\2\3" + write_bytes(b'"text"'),
    ],
    ids=["many clients", "large state", "deep state", "no object"],
)
def test_hostile_messages_are_refused(body):
    with pytest.raises(UpdateRefusedError):
        decode_awareness(b"\1" + write_bytes(body))


def test_a_flood_of_clients_is_capped():
    awareness = Awareness(1)
    for client_id in range(2, 5000):
        awareness.hear(one(client_id, 1, {"a": 1}), 0.0)
    assert len(awareness.states()) == 1000


def test_a_client_id_is_never_zero():
    assert new_client_id(lambda bits: 0) == 1
