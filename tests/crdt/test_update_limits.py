"""What must not be decoded is refused, and nothing else is."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pycrdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.update_limits import MAX_NESTING, MAX_UPDATE_BYTES, UpdateWalk, check_update
from rtcd.errors import UpdateRefusedError

CLIENT = 77


def number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def string(text: str) -> bytes:
    return number(len(text.encode())) + text.encode()


def update_with(kind: int, content: bytes) -> bytes:
    """One item in the map ``m`` under the key ``k``."""
    item = bytes([kind | 0x20]) + number(1) + string("m") + string("k") + content
    return number(1) + number(1) + number(CLIENT) + number(0) + item + number(0)


def nested_arrays(depth: int) -> bytes:
    return update_with(8, number(1) + b"\x75\x01" * depth + b"\x7e")


def nested_objects(depth: int) -> bytes:
    return update_with(
        8,
        number(1)
        + b"\x76\x01"
        + (string("k" * 40) + b"\x76\x01") * (depth - 1)
        + string("k")
        + b"\x7e",
    )


def wide_and_deep(depth: int) -> bytes:
    """Every level has other values before and behind the next one."""
    text = b"\x77" + string("a text that is longer than the short ones")
    level = b"\x75" + number(303) + b"\x7d\x01" * 300 + text
    return update_with(8, number(1) + level * depth + b"\x7e" + b"\x7f" * depth)


def nested_in_subdocument(depth: int) -> bytes:
    return update_with(9, string("guid") + b"\x75\x01" * depth + b"\x7e")


SHAPES = [nested_arrays, nested_objects, wide_and_deep, nested_in_subdocument]


@pytest.mark.parametrize("shape", SHAPES)
def test_values_nested_too_deeply_are_refused(shape: Callable[[int], bytes]) -> None:
    check_update(shape(MAX_NESTING))
    with pytest.raises(UpdateRefusedError, match="nested"):
        check_update(shape(MAX_NESTING + 1))


@pytest.mark.parametrize("shape", [nested_arrays, wide_and_deep])
def test_the_library_reads_the_same_updates(shape: Callable[[int], bytes]) -> None:
    """The shapes of these tests are real ones."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(shape(MAX_NESTING))
    assert list(doc.get("m", type=pycrdt.Map).keys()) == ["k"]


CRASH = """
import sys
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.errors import UpdateRefusedError
try:
    SharedDoc().apply_update(sys.stdin.buffer.read())
except UpdateRefusedError:
    sys.exit(23)
"""


@pytest.mark.parametrize("shape", [nested_arrays, nested_objects, nested_in_subdocument])
def test_the_update_that_kills_the_library_is_refused(shape: Callable[[int], bytes]) -> None:
    """F10: in a process of its own, because what is tested ends it."""
    done = subprocess.run([sys.executable, "-c", CRASH], input=shape(50_000), check=False)
    assert done.returncode == 23


def test_an_update_over_64_megabytes_is_refused() -> None:
    with pytest.raises(UpdateRefusedError, match="larger"):
        check_update(bytes(MAX_UPDATE_BYTES + 1))


@pytest.mark.parametrize(
    "update",
    [
        update_with(2, number(1) + string("[]") * 2),
        update_with(4 | 0x10, string("x")),
        update_with(4, number(2**33) + b"abc"),
        update_with(4, b"\x80\x80\x80\x80\x80\x00"),
        update_with(4, string("x"))[:-3],
        update_with(11, b"\x00"),
        update_with(7, b"\x0a"),
        update_with(8, b"\x01\x20"),
        update_with(8, b"\x02\x7e"),
    ],
    ids=["json", "fifth-bit", "33-bits", "six-bytes", "cut", "move", "type", "tag", "short-list"],
)
def test_the_walk_refuses_what_yjs_does_not_write(update: bytes) -> None:
    with pytest.raises((UpdateRefusedError, IndexError)):
        UpdateWalk(update).structs()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=60)
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=30), inner),
    max_leaves=60,
)


@given(st.dictionaries(st.text(min_size=1, max_size=40), JSON, max_size=4), st.lists(JSON))
@settings(max_examples=25)
def test_every_plain_value_passes(in_map: dict[str, Any], in_array: list[Any]) -> None:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("a map", type=pycrdt.Map).update(in_map)
    doc.get("an array", type=pycrdt.Array).extend(in_array)
    UpdateWalk(doc.get_update()).structs()


def random_step(doc: pycrdt.Doc[Any], rng: random.Random) -> None:
    text = doc.get("a name that is longer than twenty-four bytes", type=pycrdt.Text)
    cells = doc.get("cells", type=pycrdt.Array)
    match rng.randrange(8):
        case 0 | 1 | 2:
            text.insert(rng.randrange(len(text) + 1), "ab" * rng.choice([0, 1, 5, 100]))
        case 3 if len(text) > 9:
            at = rng.randrange(len(text) - 3)
            del text[at : at + 3]
        case 4:
            cell = {"source": pycrdt.Text("x" * 30), "a long key, longer than usual": [1, {"u": 2}]}
            cells.insert(rng.randrange(len(cells) + 1), pycrdt.Map(cell))
        case 5 if len(cells):
            del cells[rng.randrange(len(cells))]
        case 6 if len(cells) and isinstance(cells[0], pycrdt.Map):
            cells[0]["source"] = pycrdt.Text("new")
        case _:
            text.format(0, len(text) // 2, {"bold": rng.random()})
            text.insert_embed(0, {"u": ["v"]})
            cells.append(rng.choice([b"bytes", pycrdt.Array([1.5]), pycrdt.XmlFragment()]))


@pytest.mark.parametrize("seed", range(20))
def test_every_update_of_a_used_document_passes(seed: int) -> None:
    """Deleted, collected, skipped, formatted, embedded, of many clients: all that the library writes."""
    rng = random.Random(seed)
    docs: list[pycrdt.Doc[Any]] = [pycrdt.Doc() for _ in range(3)]
    updates: list[bytes] = []
    for doc in docs:
        doc.observe(lambda event: updates.append(event.update))
    for _ in range(120):
        doc = rng.choice(docs)
        random_step(doc, rng)
        if rng.random() < 0.3:
            rng.choice(docs).apply_update(doc.get_update())
    whole = [doc.get_update() for doc in docs]
    parts = pycrdt.merge_updates(*rng.sample(updates, len(updates) // 2))
    for update in [*updates, *whole, parts, pycrdt.merge_updates(*whole)]:
        UpdateWalk(update).structs()


@pytest.mark.parametrize("seed", range(5))
def test_broken_updates_end_in_a_refusal(seed: int) -> None:
    rng = random.Random(seed)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for _ in range(60):
        random_step(doc, rng)
    update = doc.get_update()
    for _ in range(200):
        broken = bytearray(update)
        for _ in range(rng.randrange(1, 4)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        try:
            SharedDoc().apply_update(bytes(broken))
        except UpdateRefusedError:
            continue
