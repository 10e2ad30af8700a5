"""Who may go first, played through without a network."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rtcd.crdt.awareness import Awareness, decode_awareness
from rtcd.rooms.claims import ClaimTable, client_of, format_claim, parse_claim

LEASE = 9.0


def table(own_id=1):
    mine = ClaimTable(own_id, LEASE, joined_at=0.0)
    mine.made("1.1", 0.0)
    mine.made("1.2", 0.0)
    return mine


def test_a_claim_is_held_when_its_echo_came_and_nobody_was_before():
    mine = table()
    mine.see_claims({"1.1": "f", "2.1": "other file"}, 0.0)
    mine.see_clients({2: 0.0}, confirmed_at=0.0, unbroken_since=0.0)
    assert not mine.is_held("1.1", 1.0)
    mine.ordered("1.1")
    assert mine.is_held("1.1", 1.0)


def test_who_was_before_is_waited_for_and_who_came_later_is_not():
    mine = table()
    mine.see_claims({"1.1": "f", "2.1": "f"}, 0.0)
    mine.see_clients({2: 0.0, 3: 0.0}, confirmed_at=0.0, unbroken_since=0.0)
    mine.ordered("1.1")
    mine.see_claims({"1.1": "f", "2.1": "f", "3.1": "f"}, 1.0)
    assert not mine.is_held("1.1", 1.0)
    mine.see_claims({"1.1": "f", "3.1": "f"}, 2.0)
    assert mine.is_held("1.1", 2.0)


def test_a_second_claim_of_our_own_waits_for_the_first_and_not_the_other_way():
    mine = table()
    mine.see_claims({"1.1": "f", "1.2": "f"}, 0.0)
    mine.see_clients({}, confirmed_at=0.0, unbroken_since=0.0)
    mine.ordered("1.1")
    mine.ordered("1.2")
    assert (mine.is_held("1.1", 0.0), mine.is_held("1.2", 0.0)) == (True, False)
    mine.forget("1.1")
    mine.see_claims({"1.2": "f"}, 1.0)
    assert mine.is_held("1.2", 1.0)


def test_the_dead_are_passed_over_but_only_when_our_own_link_worked():
    mine = table()
    mine.see_claims({"1.1": "f", "2.1": "f"}, 0.0)
    mine.see_clients({2: 10.0}, confirmed_at=10.0, unbroken_since=0.0)
    mine.ordered("1.1")
    mine.see_clients({2: 10.0}, confirmed_at=18.9, unbroken_since=0.0)
    assert not mine.is_first("1.1")
    assert mine.dead_keys() == []
    mine.see_clients({}, confirmed_at=19.0, unbroken_since=0.0)
    assert mine.is_held("1.1", 19.0)
    assert mine.dead_keys() == ["2.1"]


def test_a_goodbye_frees_at_once():
    mine = table()
    mine.see_claims({"1.1": "f", "2.1": "f"}, 0.0)
    mine.see_clients({2: 1.0}, confirmed_at=1.0, unbroken_since=0.0)
    mine.ordered("1.1")
    mine.see_clients({2: None}, confirmed_at=1.0, unbroken_since=0.0)
    assert mine.is_held("1.1", 1.0)


def test_a_claim_is_not_believed_in_when_others_may_take_us_for_dead():
    mine = table()
    mine.see_claims({"1.1": "f"}, 0.0)
    mine.see_clients({}, confirmed_at=0.0, unbroken_since=0.0)
    mine.ordered("1.1")
    assert mine.is_held("1.1", 7.0)
    assert not mine.is_held("1.1", 7.3)


def test_a_claim_that_others_swept_away_is_lost():
    mine = table()
    mine.see_claims({"1.1": "f"}, 0.0)
    mine.see_clients({}, confirmed_at=0.0, unbroken_since=0.0)
    mine.ordered("1.1")
    mine.see_claims({}, 1.0)
    assert not mine.is_held("1.1", 1.0)


@given(st.text(st.characters(codec="utf-8")))
def test_any_item_of_the_list_is_a_claim_or_nothing(item):
    found = parse_claim(item)
    assert found is None or (client_of(found[0]) >= 0 and format_claim(*found) == item)


def test_claims_round_trip():
    assert parse_claim(format_claim("12.3", "a file id")) == ("12.3", "a file id")
    assert [parse_claim(junk) for junk in (None, 3, "", "x y", {"a": 1})] == [None] * 5


def test_a_break_makes_older_claims_void_for_good():
    """Others may have passed over them meanwhile, and taken nothing out of the list yet."""
    mine = table()
    mine.see_claims({"1.1": "f"}, 0.0)
    mine.see_clients({}, confirmed_at=0.0, unbroken_since=0.0)
    mine.ordered("1.1")
    assert mine.is_held("1.1", 1.0)
    mine.see_clients({}, confirmed_at=10.0, unbroken_since=10.0)
    assert not mine.is_held("1.1", 10.0)
    assert mine.is_void("1.1")
    mine.made("1.3", 11.0)
    mine.see_claims({"1.1": "f", "1.3": "f"}, 11.0)
    assert not mine.is_void("1.3")


class Daemon:
    """A table with its own delayed view of one ordered log, and its own clock."""

    def __init__(self, own_id, skew):
        self.id, self.skew = own_id, skew
        self.table = ClaimTable(own_id, LEASE, joined_at=skew)
        self.awareness = Awareness(own_id, break_seconds=self.table.break_seconds)
        self.seen = self.number = 0
        self.files, self.key = {}, None

    def do(self, what, log, clock):
        if what == "renew":
            log.append(("said", self.id, decode_awareness(self.awareness.say({"a": 1}, clock))))
        elif what == "claim" and self.key is None:
            self.number += 1
            self.key = f"{self.id}.{self.number}"
            self.table.made(self.key, clock)
            log.append(("claim", self.id, self.key))
        elif what == "release" and self.key is not None:
            self.table.forget(self.key)
            self.remove([self.key], log, clock)
            self.key = None
        elif what == "sweep":
            self.remove(self.table.dead_keys(), log, clock)
        elif what == "read":
            self.read(log, clock)

    def remove(self, keys, log, clock):
        for key in keys:
            log.append(("release", self.id, key))
            self.files.pop(key, None)
        self.table.see_claims(self.files, clock)

    def read(self, log, clock):
        for kind, author, value in log[self.seen :]:
            if kind == "said":
                self.awareness.hear(value, clock)
            elif kind == "release":
                self.files.pop(value, None)
            elif author != self.id or value == self.key:
                self.files[value] = "f"
            self.table.see_claims(self.files, clock)
            if kind == "claim" and value == self.key:
                self.table.ordered(value)
        self.seen = len(log)
        awareness = self.awareness
        self.table.see_clients(
            awareness.heard_at(), awareness.confirmed_at, awareness.unbroken_since
        )


STEPS = ["claim", "release", "sweep", "read", "read", "renew", "renew", "wait", "long"]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(STEPS)), max_size=80))
def test_no_two_daemons_hold_a_claim_at_once(steps):
    """Links stall for any time, clocks differ; the order of the log is the server's."""
    log, now = [], 0.0
    daemons = [Daemon(n + 1, skew) for n, skew in enumerate((0.0, 1000.0, -500.0))]
    for one in daemons:
        one.do("renew", log, one.skew)
        one.do("read", log, one.skew)
    for who, what in steps:
        now += {"wait": 1.0, "long": 5.0}.get(what, 0.0)
        one = daemons[who]
        one.do(what, log, now + one.skew)
        holders = [d.id for d in daemons if d.key and d.table.is_held(d.key, now + d.skew)]
        assert len(holders) <= 1
