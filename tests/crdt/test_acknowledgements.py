"""An update counts as acknowledged when the server has it: never before, and never never."""

from __future__ import annotations

import contextlib
import itertools
import random

import pycrdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcd.crdt.acknowledgements import Acknowledgements, Heard
from rtcd.crdt.edit_span import span_of, span_of_state
from rtcd.crdt.known_edits import KnownEdits, RangeSet
from rtcd.errors import UpdateRefusedError


class World:
    """A server that echoes as Jupyter's does, a colleague, and us."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.server, self.echoes = observed(pycrdt.Doc())
        text(self.server).insert(0, "hello world")
        self.echoes.clear()
        self.heard = pycrdt.Doc()
        self.heard.apply_update(self.server.get_update())
        self.us, self.ours = observed(copy_of(self.server))
        self.other, self.others = observed(copy_of(self.server))
        self.ours.clear()
        self.others.clear()
        self.acknowledgements = Acknowledgements(self.server.get_update())
        self.sent, self.acknowledged, self.on_the_way = [], [], []

    def edit(self, doc):
        kind, target = self.random.random(), text(doc)
        length = len(str(target).encode())
        if kind < 0.45:
            target.insert(self.random.randint(0, length), self.random.choice(["a", "xyz", "q" * 5]))
        elif kind < 0.8 and length > 3:
            start = self.random.randrange(length - 1)
            del target[start : min(length, start + self.random.randint(1, 4))]
        elif kind < 0.9:
            value = self.random.choice([1, "x", [1, {"y": None}], 2.5, True])
            doc.get("m", type=pycrdt.Map)[self.random.choice("abc")] = value
        else:
            doc.get("m", type=pycrdt.Map)["n"] = pycrdt.Map({"t": pycrdt.Text("tt")})

    def send(self):
        before = self.us.get_state()
        for _ in range(self.random.randint(1, 3)):
            self.edit(self.us)
        updates = list(self.ours)
        shape = self.random.random()
        if shape < 0.3 and len(updates) > 1:
            updates = [pycrdt.merge_updates(*updates)]
        elif shape < 0.5:
            updates = [self.us.get_update(before)]
        elif shape < 0.55:
            updates = [self.us.get_update()]
        self.ours.clear()
        for update in updates:
            self.sent.append(update)
            self.on_the_way.append(update)
            self.take(self.acknowledgements.sent(update, 0.0))

    def colleague_edits(self):
        self.edit(self.other)
        for update in self.others:
            self.server.apply_update(update)
        self.others.clear()

    def server_works(self):
        for _ in range(self.random.randint(1, 3)):
            if self.on_the_way:
                self.server.apply_update(self.on_the_way.pop(0))

    def deliver(self):
        while self.echoes:
            update = self.echoes.pop(0)
            self.heard.apply_update(update)
            self.take(self.acknowledgements.heard(update).acknowledged)
            for doc, updates in ((self.us, self.ours), (self.other, self.others)):
                doc.apply_update(update)
                updates.clear()

    def take(self, acknowledged):
        for update in acknowledged:
            copy, changes = observed(copy_of(self.heard))
            changes.clear()
            copy.apply_update(update)
            assert changes == [], "acknowledged before the server told that it has it"
        self.acknowledged += acknowledged


def text(doc):
    return doc.get("t", type=pycrdt.Text)


def observed(doc):
    updates = []
    doc.observe(lambda event: updates.append(event.update))
    return doc, updates


def copy_of(doc):
    copy = pycrdt.Doc()
    copy.apply_update(doc.get_update())
    return copy


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_every_update_is_acknowledged_in_order_and_never_too_early(seed):
    world = World(seed)
    for _ in range(40):
        world.random.choice(
            [world.send, world.colleague_edits, world.server_works, world.deliver]
        )()
    while world.on_the_way:
        world.server_works()
    world.deliver()
    assert world.acknowledged == world.sent
    assert len(world.acknowledgements) == 0


def test_the_echo_of_a_plain_edit_is_ours_and_one_of_others_is_not():
    world = World(1)
    text(world.us).insert(0, "mine")
    (mine,) = world.ours
    assert world.acknowledgements.sent(mine, 5.0) == ()
    assert world.acknowledgements.oldest.at == 5.0
    text(world.other).insert(0, "theirs")
    assert world.acknowledgements.heard(world.others[0]) == Heard((), is_ours=False)
    assert world.acknowledgements.heard(mine) == Heard((mine,), is_ours=True)
    assert world.acknowledgements.heard(mine) == Heard((), is_ours=False)


def test_two_updates_echoed_as_one_are_both_acknowledged():
    """Seen on a real server: the first waited for the second, the echo holds both."""
    world = World(2)
    text(world.us).insert(0, "1")
    text(world.us).insert(1, "2")
    first, second = world.ours
    world.acknowledgements.sent(second, 0.0)
    world.acknowledgements.sent(first, 0.0)
    world.server.apply_update(second)
    world.server.apply_update(first)
    (echo,) = [one for one in world.echoes if one != b"\0\0"]
    assert world.acknowledgements.heard(echo) == Heard((second, first), is_ours=True)


def test_what_the_server_has_already_needs_no_echo():
    world = World(3)
    del text(world.us)[0:3]
    del text(world.other)[0:5]
    assert not world.acknowledgements.heard(world.others[0]).is_ours
    assert world.acknowledgements.sent(world.ours[0], 0.0) == (world.ours[0],)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40))),
    st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_a_range_set_is_a_set(ranges, asked):
    known, model = RangeSet(), set()
    for start, end in ranges:
        known.add(start, end)
        model |= set(range(start, end))
    assert {n for start, end in known for n in range(start, end)} == model
    pairs = list(known)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(pairs))
    gaps = [n for start, end in known.gaps(*asked) for n in range(start, end)]
    assert gaps == [n for n in range(*asked) if n not in model]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_the_span_of_a_whole_state_is_the_same_both_ways(seed):
    world = World(seed)
    for _ in range(15):
        world.edit(world.us)
    state = world.us.get_update()
    slow, fast = KnownEdits(), KnownEdits()
    slow.add(span_of(state))
    fast.add(span_of_state(state))
    assert slow.covers(span_of_state(state))
    assert fast.covers(span_of(state))


def test_a_span_counts_utf16_units():
    doc, updates = observed(pycrdt.Doc(client_id=9))
    text(doc).insert(0, "aé😀")
    assert dict(span_of(updates[0]).inserted) == {9: ((0, 4),)}


def test_deep_nesting_is_refused_without_recursion():
    deep = 50_000
    array = b"\x75\x01" * deep + b"\x7e"
    update = b"\x01\x01\x07\x00" + b"\x08\x01\x01a" + b"\x01" + array + b"\x00"
    with pytest.raises(UpdateRefusedError, match="nested"):
        span_of(update)


@given(st.binary(max_size=80))
def test_junk_is_refused_and_nothing_else_is_raised(junk):
    with contextlib.suppress(UpdateRefusedError):
        span_of(junk)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 500), st.integers(0, 255))
def test_a_damaged_update_is_refused_or_read(seed, at, byte):
    world = World(seed)
    for _ in range(5):
        world.edit(world.us)
    damaged = bytearray(world.us.get_update())
    damaged[at % len(damaged)] = byte
    with contextlib.suppress(UpdateRefusedError):
        span_of(bytes(damaged))
