"""Shared types that are nested in each other by many updates are refused in time."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pycrdt
import pytest

from crdt.test_update_limits import number, string
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.struct_reader import read_structs
from rtcd.crdt.type_nesting import MAX_TYPE_DEPTH, MAX_UNCHECKED_TYPES, check_nesting
from rtcd.errors import UpdateRefusedError

CLIENT = 77
MAP = 1


def map_inside(clock: int, holder: int | None) -> bytes:
    """One struct: a map under the key ``k``, in the root ``m`` or in the item at ``holder``."""
    if holder is None:
        return bytes([7 | 0x20]) + number(1) + string("m") + string("k") + number(MAP)
    return (
        bytes([7 | 0x20]) + number(0) + number(CLIENT) + number(holder) + string("k") + number(MAP)
    )


def as_update(first: int, structs: list[bytes], deleted: bytes = b"\x00") -> bytes:
    head = number(1) + number(len(structs)) + number(CLIENT) + number(first)
    return head + b"".join(structs) + deleted


def chain(depth: int) -> list[bytes]:
    return [map_inside(clock, clock - 1 if clock else None) for clock in range(depth)]


def test_a_chain_in_one_update_is_measured() -> None:
    check_nesting([as_update(0, chain(MAX_TYPE_DEPTH))])
    with pytest.raises(UpdateRefusedError, match="deeper"):
        check_nesting([as_update(0, chain(MAX_TYPE_DEPTH + 1))])


def test_a_chain_of_many_updates_is_measured_in_any_order() -> None:
    updates = [as_update(clock, [struct]) for clock, struct in enumerate(chain(MAX_TYPE_DEPTH + 1))]
    random.Random(1).shuffle(updates)
    with pytest.raises(UpdateRefusedError, match="deeper"):
        check_nesting(updates)


def test_types_beside_each_other_are_not_deep() -> None:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    cells = doc.get("cells", type=pycrdt.Array)
    for position in range(300):
        cells.insert(position // 2, pycrdt.Map({"a": pycrdt.Array([pycrdt.Text("x")])}))
    check_nesting([doc.get_update()])


DIE = """
import sys
sys.path.insert(0, "tests")
from crdt.test_type_nesting import as_update, chain
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.errors import UpdateRefusedError
shared = SharedDoc()
try:
    for clock, struct in enumerate(chain(50_000)):
        shared.apply_update(as_update(clock, [struct]))
    del shared.raw.get("m", type=__import__("pycrdt").Map)["k"]
except UpdateRefusedError:
    print(clock)
    sys.exit(23)
"""


def test_what_would_kill_the_library_is_refused_long_before() -> None:
    """In a process of its own, because what is tested ends it."""
    done = subprocess.run([sys.executable, "-c", DIE], check=False, capture_output=True, text=True)
    assert done.returncode == 23, done
    assert int(done.stdout) <= MAX_UNCHECKED_TYPES


def test_one_update_that_nests_and_deletes_is_refused() -> None:
    deleted = number(1) + number(CLIENT) + number(1) + number(0) + number(1)
    shared = SharedDoc()
    with pytest.raises(UpdateRefusedError, match="deeper"):
        shared.apply_update(as_update(0, chain(50_000), deleted))
    assert shared.update_since() == b"\x00\x00"


def test_pieces_that_wait_for_what_joins_them_are_refused() -> None:
    """Each piece is shallow, and in the end one small update would make them one."""
    shared = SharedDoc()

    def send_pieces() -> None:
        for first in range(100, 40_000, 100):
            structs = [map_inside(clock, clock - 1) for clock in range(first, first + 99)]
            shared.apply_update(as_update(first, structs))

    with pytest.raises(UpdateRefusedError, match="without what holds them"):
        send_pieces()


def test_a_large_honest_document_passes() -> None:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    cells = doc.get("cells", type=pycrdt.Array)
    for position in range(0, 3000, 100):
        with doc.transaction():
            for _ in range(100):
                cell = {"source": pycrdt.Text("a\N{GRINNING FACE}b"), "metadata": pycrdt.Map({})}
                cells.insert(position, pycrdt.Map(cell))
    shared = SharedDoc()
    shared.apply_update(doc.get_update())
    del cells[10:500]
    cells[0]["source"] += "more"
    shared.apply_update(doc.get_update(shared.state_vector()))
    assert shared.state_vector() == doc.get_state()


def test_the_reader_agrees_with_the_library_on_every_clock() -> None:
    rng = random.Random(7)
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=CLIENT)
    text, array = doc.get("t", type=pycrdt.Text), doc.get("a", type=pycrdt.Array)
    for _ in range(300):
        text.insert(rng.randint(0, len(str(text).encode())) if str(text).isascii() else 0, "ab")
        array.insert(rng.randint(0, len(array)), rng.choice([1, "x", {"k": [1, None]}, b"z", 2.5]))
        if len(array) > 5 and rng.random() < 0.3:
            del array[rng.randrange(len(array))]
        if rng.random() < 0.1:
            array.append(pycrdt.Map({"s": "\N{GRINNING FACE}" * 3, "n": pycrdt.Text("é")}))
    ends = [struct.clock + struct.length for struct in read_structs(doc.get_update())]
    assert number(1) + number(CLIENT) + number(max(ends)) == doc.get_state()
