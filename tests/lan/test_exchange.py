"""The exchange itself: who knows the code gets through, and nobody else learns a thing."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spake2 import SPAKE2_A

from rtcd.lan.exchange import GUEST_ID, HOST_ID, GuestExchange, HostExchange, WrongProofError
from rtcd.lan.exchange_states import GuestState, HostState, IllegalTurnError
from rtcd.lan.join_code import JoinCode

CODE = JoinCode(7, ("guitar", "honey", "otter"))
OTHER = JoinCode(7, ("guitar", "honey", "olive"))
TOLD = {"name": "Grace"}
TOKEN = {"token": "a-token-that-nobody-may-see"}
PIN = b"a" * 64


def ends(guest_code=CODE, host_code=CODE, guest_channel=PIN, host_channel=PIN):
    return (
        GuestExchange(guest_code, guest_channel, os.urandom),
        HostExchange(host_code, host_channel, os.urandom),
    )


def test_two_ends_with_one_code_get_through_and_both_know_it():
    guest, host = ends()
    proof, sealed = guest.prove(host.answer(guest.greet()), TOLD)
    assert host.check(proof, sealed) == TOLD
    assert guest.conclude(*host.admit(TOKEN)) == TOKEN
    assert (guest.state, host.state) == (GuestState.JOINED, HostState.ADMITTED)


@pytest.mark.parametrize(
    "different",
    [
        {"guest_code": OTHER},
        {"guest_code": JoinCode(8, CODE.words)},
        {"guest_channel": b"b" * 64},
        {"guest_channel": b""},
        {"host_channel": b""},
    ],
    ids=str,
)
def test_another_code_or_another_key_on_the_wire_is_refused_by_the_host(different):
    guest, host = ends(**different)
    proof, sealed = guest.prove(host.answer(guest.greet()), TOLD)
    with pytest.raises(WrongProofError):
        host.check(proof, sealed)
    assert host.state is HostState.FAILED
    with pytest.raises(RuntimeError):
        host.admit(TOKEN)


def test_a_guest_believes_no_host_that_does_not_know_the_code():
    guest, rogue = ends(host_code=OTHER)
    guest.prove(rogue.answer(guest.greet()), TOLD)
    # The rogue skips its own check and claims to have been convinced.
    rogue.state = HostState.ADMITTED
    with pytest.raises(WrongProofError):
        guest.conclude(*rogue.admit(TOKEN))
    assert guest.state is GuestState.FAILED


def test_a_relay_with_its_own_key_learns_neither_token_nor_name():
    """The guest sees the relay's key, the host its own: the proof does not fit, and is all there is."""
    guest, host = ends(guest_channel=b"relay" * 12)
    proof, sealed = guest.prove(host.answer(guest.greet()), TOLD)
    assert b"Grace" not in sealed + proof
    with pytest.raises(WrongProofError):
        host.check(proof, sealed)


def test_a_recorded_conversation_is_of_no_use_for_another():
    guest, host = ends()
    greeting = guest.greet()
    proof, sealed = guest.prove(host.answer(greeting), TOLD)
    later = HostExchange(CODE, PIN, os.urandom)
    later.answer(greeting)
    with pytest.raises(WrongProofError):
        later.check(proof, sealed)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["share", "proof", "sealed", "host_proof", "reply"]))
def test_one_flipped_bit_anywhere_is_noticed(place, where):
    guest, host = ends()

    def flip(data, name):
        if name != where:
            return data
        flipped = bytearray(data)
        flipped[place // 8 % len(data)] ^= 1 << place % 8
        return bytes(flipped)

    def converse():
        share = host.answer(flip(guest.greet(), "share"))
        proof, sealed = guest.prove(share, TOLD)
        host.check(flip(proof, "proof"), flip(sealed, "sealed"))
        host_proof, reply = host.admit(TOKEN)
        guest.conclude(flip(host_proof, "host_proof"), flip(reply, "reply"))

    with pytest.raises(WrongProofError):
        converse()


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=40))
def test_bytes_of_anybody_are_refused_in_words(data):
    guest, host = ends()
    guest.greet()
    with pytest.raises(WrongProofError):
        host.answer(data)
    with pytest.raises(WrongProofError):
        guest.prove(data, TOLD)


def test_a_share_sent_back_to_its_sender_is_refused():
    guest, _ = ends()
    greeting = guest.greet()
    with pytest.raises(WrongProofError):
        guest.prove(b"B" + greeting[1:], TOLD)


def test_the_same_party_cannot_be_guest_twice():
    other_guest = SPAKE2_A(CODE.secret, GUEST_ID, HOST_ID)
    guest, _ = ends()
    guest.greet()
    with pytest.raises(WrongProofError):
        guest.prove(other_guest.start(), TOLD)


STEPS = {
    "prove": lambda guest: guest.prove(bytes(33), TOLD),
    "conclude": lambda guest: guest.conclude(b"", b""),
    "give up": lambda guest: guest.give_up(),
}


@pytest.mark.parametrize("step", STEPS)
def test_steps_of_the_guest_out_of_order_change_nothing(step):
    guest, _ = ends()
    with pytest.raises(IllegalTurnError):
        STEPS[step](guest)
    assert guest.state is GuestState.NEW


def test_a_guest_greets_once():
    guest, _ = ends()
    guest.greet()
    with pytest.raises(IllegalTurnError):
        guest.greet()
    assert guest.state is GuestState.GREETED


def test_steps_of_the_host_out_of_order_change_nothing():
    guest, host = ends()
    with pytest.raises(IllegalTurnError):
        host.check(b"", b"")
    assert host.state is HostState.NEW
    greeting = guest.greet()
    host.answer(greeting)
    with pytest.raises(IllegalTurnError):
        host.answer(greeting)
    assert host.state is HostState.ANSWERED


def test_what_is_told_must_be_an_object():
    guest, host = ends()
    proof, sealed = guest.prove(host.answer(guest.greet()), ["a list"])
    with pytest.raises(WrongProofError):
        host.check(proof, sealed)
