"""When a link counts as dead."""

from __future__ import annotations

from rtcd.rooms.liveness import Liveness, Verdict


def link():
    return Liveness(ping_after=10.0, dead_after=10.0, sign_at=0.0)


def test_silence_is_answered_by_one_ping_and_then_by_death():
    one = link()
    looks = [(at, one.look(at, received=0, unsent=0)) for at in (9.0, 10.0, 15.0, 19.9, 20.0)]
    assert looks == [
        (9.0, Verdict.FINE),
        (10.0, Verdict.PING),
        (15.0, Verdict.FINE),
        (19.9, Verdict.FINE),
        (20.0, Verdict.DEAD),
    ]


def test_it_says_when_to_look_again():
    one = link()
    assert one.next_look() == 10.0
    one.look(10.0, received=0, unsent=0)
    assert one.next_look() == 20.0


def test_any_byte_is_a_sign_of_life():
    one = link()
    one.look(10.0, received=0, unsent=0)
    assert one.look(19.0, received=1, unsent=0) is Verdict.FINE
    assert one.look(28.0, received=1, unsent=0) is Verdict.FINE
    assert one.look(29.0, received=1, unsent=0) is Verdict.PING


def test_a_slow_upload_that_moves_is_alive_and_one_that_stands_is_not():
    one = link()
    one.look(0.0, received=0, unsent=1_000_000)
    for at in range(1, 300):
        assert one.look(float(at * 9), received=0, unsent=1_000_000 - at) is Verdict.FINE
    last = 299 * 9.0
    assert one.look(last + 10, received=0, unsent=999_701) is Verdict.PING
    assert one.look(last + 20, received=0, unsent=999_701) is Verdict.DEAD


def test_writing_more_is_no_sign_of_life():
    one = link()
    assert one.look(10.0, received=0, unsent=10) is Verdict.PING
    assert one.look(20.0, received=0, unsent=20) is Verdict.DEAD
