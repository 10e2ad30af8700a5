"""Codes that are open: single use, ten minutes, one wrong guess, a limited rate, bounded memory."""

from __future__ import annotations

import contextlib
import os
import secrets

import pytest

from rtcd.lan.door import (
    GREETINGS_EACH,
    LIFETIME_SECONDS,
    MAX_ATTEMPTS,
    MAX_ATTEMPTS_EACH,
    Door,
    RefusedError,
    TooManyGuessesError,
)
from rtcd.lan.exchange import GuestExchange
from rtcd.lan.exchange_states import OfferState
from rtcd.lan.join_code import JoinCode

CHANNEL = b"pin"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def door(clock):
    return Door(clock, os.urandom, secrets.choice)


def wrong(code):
    word = "olive" if code.words[0] != "olive" else "otter"
    return JoinCode(code.number, (word, *code.words[1:]))


def attempt(door, code, source="192.0.2.7"):
    guest = GuestExchange(code, CHANNEL, os.urandom)
    key, share = door.greet(code.number, guest.greet(), source, CHANNEL)
    proof, sealed = guest.prove(share, {"name": "Grace"})
    return guest, lambda: door.prove(key, proof, sealed)


def test_who_knows_the_code_comes_in_once(door):
    offer = door.offer("join")
    guest, prove = attempt(door, offer.code)
    admission = prove()
    assert (admission.told, admission.source) == ({"name": "Grace"}, "192.0.2.7")
    assert guest.conclude(*admission.answer({"token": "t"})) == {"token": "t"}
    assert (offer.state, offer.by) == (OfferState.USED, "192.0.2.7")
    for again in (prove, lambda: attempt(door, offer.code)):
        with pytest.raises(RefusedError) as caught:
            again()
        assert caught.value.code == "no-offer"


def test_one_wrong_guess_burns_the_code_for_everybody(door):
    offer = door.offer("join")
    _, right = attempt(door, offer.code, "192.0.2.7")
    _, guess = attempt(door, wrong(offer.code), "192.0.2.66")
    with pytest.raises(RefusedError) as caught:
        guess()
    assert caught.value.code == "wrong-code"
    assert (offer.state, offer.by) == (OfferState.BURNED, "192.0.2.66")
    with pytest.raises(RefusedError) as caught:
        right()
    assert caught.value.code == "no-offer"


def test_a_guess_can_be_answered_once_even_if_it_is_right_the_second_time(door):
    offer = door.offer("join")
    guest = GuestExchange(offer.code, CHANNEL, os.urandom)
    key, share = door.greet(offer.code.number, guest.greet(), "a", CHANNEL)
    proof, sealed = guest.prove(share, {})
    with pytest.raises(RefusedError):
        door.prove(key, bytes(32), sealed)
    with pytest.raises(RefusedError):
        door.prove(key, proof, sealed)


def test_a_code_lives_ten_minutes(door, clock):
    offer = door.offer("join")
    assert offer.expires == clock.now + 600
    assert LIFETIME_SECONDS == 600
    _, prove = attempt(door, offer.code)
    clock.now += LIFETIME_SECONDS
    with pytest.raises(RefusedError) as caught:
        prove()
    assert caught.value.code == "no-offer"
    assert door.look("join").state is OfferState.EXPIRED
    assert door.open_numbers() == []


def test_an_attempt_without_an_end_is_forgotten_and_burns_nothing(door, clock):
    offer = door.offer("join")
    _, late = attempt(door, offer.code)
    clock.now += 31
    with pytest.raises(RefusedError) as caught:
        late()
    assert caught.value.code == "no-offer"
    assert attempt(door, offer.code)[1]().told == {"name": "Grace"}


def test_a_new_code_takes_the_old_one_back(door):
    old = door.offer("join")
    new = door.offer("join")
    assert (old.state, new.state) == (OfferState.WITHDRAWN, OfferState.OPEN)
    assert door.open_numbers() == [new.code.number]


def test_after_three_burned_codes_there_is_none_for_a_while(door, clock):
    for _ in range(3):
        _, guess = attempt(door, wrong(door.offer("join").code), f"192.0.2.{clock.now}")
        with pytest.raises(RefusedError):
            guess()
        clock.now += 60
    with pytest.raises(TooManyGuessesError) as caught:
        door.offer("join")
    assert "58 min" in caught.value.hint
    clock.now += 3600
    assert door.offer("join").state is OfferState.OPEN


def test_whoever_asks_too_often_is_put_off_and_others_are_not(door):
    offer = door.offer("join")
    share = GuestExchange(offer.code, CHANNEL, os.urandom).greet()
    answers = []
    for _ in range(12):
        try:
            door.greet(offer.code.number, share, "192.0.2.66", CHANNEL)
            answers.append("ok")
        except RefusedError as error:
            answers.append(error.code)
    assert answers == ["ok"] * int(GREETINGS_EACH.burst) + ["too-often"] * 7
    assert attempt(door, offer.code, "192.0.2.7")[1]().told == {"name": "Grace"}


def test_a_flood_from_everywhere_keeps_few_attempts_in_memory(door, clock):
    offer = door.offer("join")
    share = GuestExchange(offer.code, CHANNEL, os.urandom).greet()
    asked = 0
    for number in range(120):
        clock.now += 0.25
        try:
            door.greet(offer.code.number, share, f"2001:db8::{number:x}", CHANNEL)
            asked += 1
        except RefusedError:
            continue
        assert len(door._attempts) <= MAX_ATTEMPTS
    # Ten at once and one a second: the arithmetic of the rest was never done.
    assert asked <= 10 + 31


def test_one_source_keeps_few_attempts_and_none_of_the_others(door, clock):
    offer = door.offer("join")
    share = GuestExchange(offer.code, CHANNEL, os.urandom).greet()
    _, others = attempt(door, offer.code, "192.0.2.7")
    for _ in range(10):
        with contextlib.suppress(RefusedError):
            door.greet(offer.code.number, share, "192.0.2.66", CHANNEL)
        clock.now += 2.5
        sources = [one.source for one in door._attempts.values()]
        assert sources.count("192.0.2.66") <= MAX_ATTEMPTS_EACH
    assert others().told == {"name": "Grace"}


def test_whoever_types_too_often_into_the_login_page_is_put_off_and_others_are_not(door):
    offer = door.offer("browser")
    for _ in range(int(GREETINGS_EACH.burst)):
        assert not door.type_in("some-token", "192.0.2.66")
    assert not door.type_in(str(offer.code), "192.0.2.66")
    assert offer.state is OfferState.OPEN
    assert door.type_in(str(offer.code), "192.0.2.7")


def test_the_number_of_another_code_and_broken_shares_burn_nothing(door):
    offer = door.offer("join")
    other = offer.code.number % 99 + 1
    for number, share in ((other, bytes(33)), (offer.code.number, b"A" + bytes(32))):
        with pytest.raises(RefusedError):
            door.greet(number, share, "192.0.2.7", CHANNEL)
    assert offer.state is OfferState.OPEN


def test_a_code_for_browsers_is_another_one_and_burns_alike(door):
    joining, browsing = door.offer("join"), door.offer("browser")
    assert joining.code.number != browsing.code.number
    assert not door.type_in("some-token", "a")
    assert browsing.state is OfferState.OPEN, "a token typed there is no guess"
    assert not door.type_in(str(joining.code), "192.0.2.66")
    assert (browsing.state, joining.state) == (OfferState.BURNED, OfferState.OPEN)
    again = door.offer("browser")
    assert door.type_in(str(again.code).upper().replace("-", " "), "192.0.2.7")
    assert not door.type_in(str(again.code), "192.0.2.7"), "good once"


def test_a_code_is_not_in_what_gets_printed(door):
    offer = door.offer("join")
    assert not any(word in repr(offer) for word in offer.code.words)
