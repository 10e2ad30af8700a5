"""Codes that people read aloud and type."""

from __future__ import annotations

import itertools
import math
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.errors import UsageError
from rtcd.lan.join_code import JoinCode, looks_like_code
from rtcd.lan.words import WORDS

codes = st.builds(
    JoinCode, st.integers(1, 99), st.tuples(*[st.sampled_from(WORDS) for _ in range(3)])
)


def test_a_code_has_more_than_24_bits_besides_its_number():
    assert 3 * math.log2(len(WORDS)) > 24


def test_no_two_words_are_mistaken_for_each_other():
    assert len(set(WORDS)) == len(WORDS)
    assert len({word[:4] for word in WORDS}) == len(WORDS)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)
    same_length = (
        pair for pair in itertools.combinations(WORDS, 2) if len(pair[0]) == len(pair[1])
    )
    assert [
        pair for pair in same_length if sum(a != b for a, b in zip(*pair, strict=True)) < 2
    ] == []


@given(codes, st.sampled_from(["-", " ", "_", " - ", "."]), st.booleans(), st.booleans())
def test_what_was_shown_is_understood_however_it_is_typed(code, separator, shout, short):
    words = [word[:4] for word in code.words] if short else list(code.words)
    typed = separator.join([str(code.number), *words])
    assert JoinCode.parse(typed.upper() if shout else typed) == code


@given(st.text(max_size=60))
def test_anything_typed_is_a_code_or_refused_in_words(text):
    try:
        code = JoinCode.parse(text)
    except UsageError:
        return
    assert JoinCode.parse(str(code)) == code


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("7-guitra-honey-otter", "Did you mean 'guitar'?"),
        ("7-qqqqqq-honey-otter", "Look at the code again."),
        ("0-guitar-honey-otter", "Look at the code again."),
        ("100-guitar-honey-otter", "Look at the code again."),
        ("7-guitar-honey", "A code looks like 7-guitar-honey-otter; ask for one."),
        ("٧-guitar-honey-otter", "A code looks like 7-guitar-honey-otter; ask for one."),
    ],
)
def test_a_slip_is_told_before_anything_is_sent(typed, hint):
    with pytest.raises(UsageError) as caught:
        JoinCode.parse(typed)
    assert caught.value.hint == hint


def test_a_new_code_takes_the_smallest_kind_of_number_that_is_free():
    assert JoinCode.make(secrets.choice).number in range(1, 10)
    assert JoinCode.make(secrets.choice, set(range(1, 9))).number == 9
    assert JoinCode.make(secrets.choice, set(range(1, 10))).number in range(10, 100)
    assert JoinCode.make(secrets.choice, set(range(1, 100))).number == 99


def test_all_words_are_drawn():
    drawn = {word for _ in range(4000) for word in JoinCode.make(secrets.choice).words}
    assert drawn == set(WORDS)


def test_the_words_are_not_shown_by_accident():
    code = JoinCode(7, ("guitar", "honey", "otter"))
    assert "guitar" not in f"{code!r}"
    assert str(code) == "7-guitar-honey-otter"


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        ("7-guitar-honey-otter", True),
        ("7 guitar honey otter", True),
        ("7-gui", True),
        ("https://192.0.2.1:8443/", False),
        ("192.0.2.1:8443", False),
        ("hub.example.org", False),
        ("0a1b2c3d", False),
    ],
)
def test_codes_are_told_from_addresses_and_tokens(text, is_code):
    assert looks_like_code(text) is is_code
