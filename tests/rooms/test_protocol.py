"""Our end of a room: messages in, events and messages out. No socket, no clock."""

from __future__ import annotations

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.crdt.awareness import Awareness, ClientState, decode_awareness, encode_awareness
from rtcd.crdt.sync_protocol import EMPTY_STATE_VECTOR, Step1, Step2, Update
from rtcd.crdt.wire import write_integer, write_string
from rtcd.errors import UpdateRefusedError
from rtcd.rooms.events import AwarenessChanged, RoomClosed, RoomPulled, RoomUpdated, SaveReplied
from rtcd.rooms.person import parse_person, user_state
from rtcd.rooms.protocol import RoomProtocol
from rtcd.rooms.states import State

ADA = {"user": user_state("Ada")}


def edits(*texts):
    doc, updates = pycrdt.Doc(), []
    doc.observe(lambda event: updates.append(event.update))
    for text in texts:
        doc.get("t", type=pycrdt.Text).insert(0, text)
    return updates


def sent(protocol):
    messages = []
    while (message := protocol.next_message()) is not None:
        messages.append(message)
    return messages


def live(now=0.0):
    protocol = RoomProtocol(Awareness(1), echo_seconds=10.0)
    protocol.start()
    protocol.receive(Step2(b"\0\0").encode(), now)
    sent(protocol)
    return protocol


def raw(text):
    return b"\2" + write_string(text)


def test_it_asks_for_everything_and_gives_nothing():
    protocol = RoomProtocol(Awareness(1))
    protocol.start()
    (state,) = edits("hello")
    assert protocol.receive(Step1(b"\1\7\3").encode(), 0.0) == []
    assert protocol.receive(Step2(state).encode(), 0.0) == [RoomPulled(state)]
    assert protocol.state is State.LIVE
    assert protocol.receive(Step1(EMPTY_STATE_VECTOR).encode(), 0.0) == []
    assert sent(protocol) == [Step1(EMPTY_STATE_VECTOR).encode()]


def test_nothing_can_be_sent_before_the_pull():
    protocol = RoomProtocol(Awareness(1))
    with pytest.raises(UpdateRefusedError):
        protocol.send_update(edits("x")[0], 0.0)


def test_an_update_before_the_answer_is_in_the_answer():
    protocol = RoomProtocol(Awareness(1))
    (state,) = edits("hello")
    assert protocol.receive(Update(state).encode(), 0.0) == []
    assert protocol.receive(Step2(state).encode(), 0.0) == [RoomPulled(state)]


def test_others_updates_are_told_and_ours_are_told_as_acknowledged():
    protocol = live()
    (mine,), (theirs,) = edits("mine"), edits("theirs")
    assert protocol.send_update(mine, 1.0) == []
    assert sent(protocol) == [Update(mine).encode()]
    assert protocol.unacknowledged == 1
    assert protocol.receive(Update(theirs).encode(), 1.1) == [RoomUpdated(theirs, own=False)]
    assert protocol.receive(Update(mine).encode(), 1.2) == [RoomUpdated(mine, own=True)]
    assert protocol.unacknowledged == 0


def test_a_mixed_update_is_told_as_both():
    protocol = live()
    (mine,), (theirs,) = edits("mine"), edits("theirs")
    protocol.send_update(mine, 1.0)
    both = pycrdt.merge_updates(mine, theirs)
    assert protocol.receive(Update(both).encode(), 1.1) == [
        RoomUpdated(both, own=False),
        RoomUpdated(mine, own=True),
    ]


def test_a_missing_echo_ends_the_connection():
    protocol = live()
    protocol.send_update(edits("mine")[0], 5.0)
    assert protocol.next_deadline() == pytest.approx(15.0, abs=0.01)
    assert protocol.tick(14.9) == []
    (closed,) = protocol.tick(15.01)
    assert (closed.retry, protocol.state) == (True, State.CLOSED)
    assert protocol.tick(16.0) == []


def test_a_link_that_moves_slowly_gets_more_time():
    protocol = live()
    protocol.send_update(edits("mine")[0], 5.0)
    protocol.moved(14.0)
    assert protocol.tick(15.0) == []
    assert protocol.next_deadline() == pytest.approx(24.0, abs=0.01)


def test_a_large_update_gets_more_time():
    """16 kB a second, if some buffer on the way hides how slow the link is."""
    protocol = live()
    protocol.send_update(edits("x" * 1024 * 1024)[0], 5.0)
    assert protocol.next_deadline() == pytest.approx(15.0 + 64.0, abs=0.1)


def test_an_echo_gives_the_next_one_its_time():
    protocol = live()
    first, second = edits("a", "b")
    protocol.send_update(first, 0.0)
    protocol.send_update(second, 0.0)
    protocol.receive(Update(first).encode(), 9.0)
    assert protocol.next_deadline() == pytest.approx(19.0, abs=0.01)


def test_a_conflict_ends_the_connection_for_a_fresh_one():
    (closed,) = live().receive(raw('{"type": "conflict"}'), 1.0)
    assert isinstance(closed, RoomClosed)
    assert closed.retry


def test_a_save_is_asked_for_and_answered():
    protocol = live()
    assert (protocol.request_save(), protocol.request_save()) == (1, 2)
    save = b"\2" + write_string("save")
    assert sent(protocol) == [save + write_integer(1), save + write_integer(2)]
    good = raw('{"type":"save","responseTo":1,"status":"success"}')
    bad = raw('{"type":"save","responseTo":2,"status":"failed"}')
    assert protocol.receive(good, 1.0) == [SaveReplied(1, ok=True)]
    assert protocol.receive(bad, 1.0) == [SaveReplied(2, ok=False)]


def test_what_cannot_be_read_ends_the_connection_for_a_fresh_one():
    """A lost update would be a silent difference; a fresh pull is not."""
    for junk in (b"\0\2\5ab", b"\0\2\3\5\5\5", b"\0\7", b"\2\5", raw("{")):
        protocol = live()
        (closed,) = protocol.receive(junk, 1.0)
        assert (type(closed), closed.retry) == (RoomClosed, True), junk


def test_unknown_messages_are_passed_over():
    assert [live().receive(message, 1.0) for message in (b"", b"\3", b"\x7dhello")] == [[]] * 3


def test_an_update_over_the_limits_ends_it_for_good():
    deep = b"\x75\x01" * 5_000 + b"\x7e"
    hostile = b"\x01\x01\x07\x00" + b"\x08\x01\x01a" + b"\x01" + deep + b"\x00"
    (closed,) = live().receive(Update(hostile).encode(), 1.0)
    assert isinstance(closed, RoomClosed)


def test_people_are_told_of_and_we_speak_up_for_newcomers():
    protocol = live()
    protocol.set_awareness(ADA, 0.0)
    assert [decode_awareness(message)[0].clock for message in sent(protocol)] == [1]
    hello = encode_awareness([ClientState(2, 1, {"user": user_state("Bo")})])
    assert protocol.receive(hello, 5.0) == [
        AwarenessChanged((parse_person(2, {"user": user_state("Bo")}),))
    ]
    assert protocol.tick(5.0) == []
    assert [decode_awareness(message) for message in sent(protocol)] == [[ClientState(1, 2, ADA)]]
    assert protocol.tick(6.0) == []
    assert sent(protocol) == []


def test_many_newcomers_make_one_answer_a_second():
    protocol = live()
    protocol.set_awareness(ADA, 0.0)
    for client_id in range(2, 50):
        hello = encode_awareness([ClientState(client_id, 1, {"user": user_state("Bo")})])
        protocol.receive(hello, 0.1)
        protocol.tick(0.1)
    assert len(sent(protocol)) == 1
    protocol.tick(1.0)
    assert len(sent(protocol)) == 1


def test_the_servers_own_empty_state_is_nobody():
    protocol = live()
    protocol.receive(encode_awareness([ClientState(9, 1, {})]), 1.0)
    assert protocol.people() == ()
    protocol.tick(5.0)
    assert sent(protocol) == []


def test_people_are_as_they_last_said_whatever_their_cursors_do():
    protocol = live()

    def told(clock, state, client=2):
        protocol.receive(encode_awareness([ClientState(client, clock, state)]), float(clock))
        return [(person.client_id, person.name, person.autosave) for person in protocol.people()]

    assert told(1, ADA) == [(2, "Ada", None)]
    before = protocol.people()
    assert told(2, {**ADA, "cursors": [{"head": 4}]}) == [(2, "Ada", None)]
    assert protocol.people() is before
    assert told(3, {**ADA, "autosave": False}) == [(2, "Ada", False)]
    grace = {"user": user_state("Grace")}
    assert told(4, grace, client=3) == [(2, "Ada", False), (3, "Grace", None)]
    assert told(5, grace) == [(2, "Grace", None), (3, "Grace", None)]
    assert told(6, {"cursors": []}) == [(3, "Grace", None)]
    assert told(7, None, client=3) == []
    assert told(8, ADA) == [(2, "Ada", None)]


def test_the_silent_are_forgotten():
    protocol = live()
    protocol.receive(encode_awareness([ClientState(2, 1, ADA)]), 0.0)
    assert protocol.tick(29.0) == []
    assert protocol.tick(30.0) == [AwarenessChanged(())]


def test_presence_that_cannot_be_read_costs_nothing():
    protocol = live()
    assert protocol.receive(b"\1\5junk", 1.0) == []
    assert protocol.state is State.LIVE


def test_leaving_says_goodbye_once_and_nothing_comes_after():
    protocol = live()
    protocol.set_awareness(ADA, 0.0)
    sent(protocol)
    protocol.leave(1.0)
    protocol.leave(1.0)
    assert [decode_awareness(message) for message in sent(protocol)] == [[ClientState(1, 2, None)]]
    assert protocol.receive(Update(edits("x")[0]).encode(), 1.1) == []
    assert protocol.lose(1000, "left", retry=False) == [RoomClosed(1000, "left", retry=False)]
    assert protocol.lose(1006, "again", retry=True) == []


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_no_message_raises(messages):
    for protocol in (live(), RoomProtocol(Awareness(1))):
        for message in messages:
            protocol.receive(message, 0.0)
        protocol.tick(100.0)
