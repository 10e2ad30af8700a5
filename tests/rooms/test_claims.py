"""Who may go first, played through without a network."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rtcd.rooms.claims import ClaimTable, client_of, format_claim, parse_claim

LEASE = 9.0


def table(own_id=1):
    return ClaimTable(own_id, LEASE, joined_at=0.0)


def test_a_claim_is_held_when_its_echo_came_and_nobody_was_before():
    mine = table()
    mine.see_claims({"1.1": "f", "2.1": "other file"}, 0.0)
    mine.see_clients({2: 0.0}, confirmed_at=0.0)
    assert not mine.is_held("1.1", 1.0)
    mine.ordered("1.1")
    assert mine.is_held("1.1", 1.0)


def test_who_was_before_is_waited_for_and_who_came_later_is_not():
    mine = table()
    mine.see_claims({"1.1": "f", "2.1": "f"}, 0.0)
    mine.see_clients({2: 0.0, 3: 0.0}, confirmed_at=0.0)
    mine.ordered("1.1")
    mine.see_claims({"1.1": "f", "2.1": "f", "3.1": "f"}, 1.0)
    assert not mine.is_held("1.1", 1.0)
    mine.see_claims({"1.1": "f", "3.1": "f"}, 2.0)
    assert mine.is_held("1.1", 2.0)


def test_a_second_claim_of_our_own_waits_for_the_first_and_not_the_other_way():
    mine = table()
    mine.see_claims({"1.1": "f", "1.2": "f"}, 0.0)
    mine.see_clients({}, confirmed_at=0.0)
    mine.ordered("1.1")
    mine.ordered("1.2")
    assert (mine.is_held("1.1", 0.0), mine.is_held("1.2", 0.0)) == (True, False)
    mine.forget("1.1")
    mine.see_claims({"1.2": "f"}, 1.0)
    assert mine.is_held("1.2", 1.0)


def test_the_dead_are_passed_over_but_only_when_our_own_link_worked():
    mine = table()
    mine.see_claims({"1.1": "f", "2.1": "f"}, 0.0)
    mine.see_clients({2: 10.0}, confirmed_at=10.0)
    mine.ordered("1.1")
    mine.see_clients({2: 10.0}, confirmed_at=18.9)
    assert not mine.is_first("1.1")
    assert mine.dead_keys() == []
    mine.see_clients({}, confirmed_at=19.0)
    assert mine.is_held("1.1", 19.0)
    assert mine.dead_keys() == ["2.1"]


def test_a_goodbye_frees_at_once():
    mine = table()
    mine.see_claims({"1.1": "f", "2.1": "f"}, 0.0)
    mine.see_clients({2: 1.0}, confirmed_at=1.0)
    mine.ordered("1.1")
    mine.see_clients({2: None}, confirmed_at=1.0)
    assert mine.is_held("1.1", 1.0)


def test_a_claim_is_not_believed_in_when_others_may_take_us_for_dead():
    mine = table()
    mine.see_claims({"1.1": "f"}, 0.0)
    mine.see_clients({}, confirmed_at=0.0)
    mine.ordered("1.1")
    assert mine.is_held("1.1", 7.0)
    assert not mine.is_held("1.1", 7.3)


def test_a_claim_that_others_swept_away_is_lost():
    mine = table()
    mine.see_claims({"1.1": "f"}, 0.0)
    mine.see_clients({}, confirmed_at=0.0)
    mine.ordered("1.1")
    mine.see_claims({}, 1.0)
    assert not mine.is_held("1.1", 1.0)


@given(st.text())
def test_any_item_of_the_list_is_a_claim_or_nothing(item):
    found = parse_claim(item)
    assert found is None or (client_of(found[0]) >= 0 and format_claim(*found) == item)


def test_claims_round_trip():
    assert parse_claim(format_claim("12.3", "a file id")) == ("12.3", "a file id")
    assert [parse_claim(junk) for junk in (None, 3, "", "x y", {"a": 1})] == [None] * 5


class Daemon:
    """A table with its own delayed view of one ordered log, and its own clock."""

    def __init__(self, own_id, skew):
        self.id, self.skew = own_id, skew
        self.table = ClaimTable(own_id, LEASE, joined_at=skew)
        self.seen = self.number = 0
        self.files, self.heard, self.confirmed = {}, {}, None
        self.key = None


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(["claim", "release", "read", "read", "renew", "wait", "long"]),
        ),
        max_size=80,
    )
)
def test_no_two_daemons_hold_a_claim_at_once(steps):
    """Links stall for any time, clocks differ; the order of the log is the server's."""
    log, now = [], 0.0
    daemons = [Daemon(n + 1, skew) for n, skew in enumerate((0.0, 1000.0, -500.0))]
    for who, what in steps:
        one = daemons[who]
        clock = now + one.skew
        if what == "wait":
            now += 1.0
        elif what == "long":
            now += 5.0
        elif what == "renew":
            log.append(("said", one.id, clock))
        elif what == "claim" and one.key is None:
            one.number += 1
            one.key = f"{one.id}.{one.number}"
            log.append(("claim", one.id, one.key))
        elif what == "release" and one.key is not None:
            log.append(("release", one.id, one.key))
            one.table.forget(one.key)
            one.files.pop(one.key, None)
            one.key = None
        elif what == "read":
            read(one, log, clock)
            for key in one.table.dead_keys():
                log.append(("release", one.id, key))
                one.files.pop(key, None)
            one.table.see_claims(one.files, clock)
        holders = [d.id for d in daemons if d.key and d.table.is_held(d.key, now + d.skew)]
        assert len(holders) <= 1


def read(one, log, clock):
    for kind, author, value in log[one.seen :]:
        if kind == "said" and author == one.id:
            one.confirmed = value
        elif kind == "said":
            one.heard[author] = clock
        elif kind == "release":
            one.files.pop(value, None)
        elif author != one.id or value == one.key:
            one.files[value] = "f"
            one.table.see_claims(one.files, clock)
            if value == one.key:
                one.table.ordered(value)
    one.seen = len(log)
    one.table.see_clients(one.heard, one.confirmed)
