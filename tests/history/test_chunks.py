"""Large contents are kept in pieces, and versions of one file have most of them in common."""

from __future__ import annotations

import base64
import functools
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.history.chunks import LARGEST_BYTES, pieces_of
from rtcd.history.history import History

MEGABYTE = 1_000_000

lines = st.lists(
    st.one_of(st.binary(max_size=80), st.integers(1, 3_000_000).map(lambda size: b"x" * size)),
    max_size=12,
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = History.open(tmp_path / "state.db")
    yield opened
    opened.close()


def record(history: History, data: bytes) -> str:
    return history.record_version("a", data, by="Ada", source="disk", at=1.0).digest


@functools.cache
def text(seed: int, megabytes: int = 2) -> bytes:
    rng = random.Random(seed)
    words = [f"word{number}" for number in range(1000)]
    found = b""
    while len(found) < megabytes * MEGABYTE:
        found += b"".join(" ".join(rng.choices(words, k=8)).encode() + b"\n" for _ in range(1000))
    return found


def images(count: int) -> bytes:
    rng = random.Random(count)
    pictures = (base64.b64encode(rng.randbytes(MEGABYTE)) for _ in range(count))
    return b"".join(b'  "image/png": "' + picture + b'"\n  "source": []\n' for picture in pictures)


@given(lines)
def test_the_pieces_are_the_whole_and_none_is_too_large(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    pieces = list(pieces_of(data))
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= LARGEST_BYTES for piece in pieces)


@pytest.mark.parametrize("edit", [b"", b"one more line\n", b"x" * 5000 + b"\n"])
@pytest.mark.parametrize("place", [0, 700_000, 2_000_000])
def test_an_edit_changes_the_pieces_that_it_is_in(edit: bytes, place: int) -> None:
    before = text(1)
    place = before.rfind(b"\n", 0, place) + 1
    after = before[:place] + edit + before[place + 7 :]
    known = set(pieces_of(before))
    new = [piece for piece in pieces_of(after) if piece not in known]
    assert len(new) <= 3
    assert len(known) > 8


def test_another_version_costs_what_is_new_in_it(history: History) -> None:
    first = images(3)
    second = first.replace(b'"source": []', b'"source": ["x"]', 1)
    digests = [record(history, first)]
    stored = history.stored_bytes
    digests.append(record(history, second))
    assert history.stored_bytes - stored < 2000
    assert [history.blob(digest) for digest in digests] == [first, second]


def test_pieces_go_with_the_last_version_that_has_them(tmp_path: Path) -> None:
    history = History.open(tmp_path / "state.db", versions_per_path=2)
    shared, own = text(2), text(3)
    first = record(history, shared + own)
    record(history, shared + b"second\n")
    both = history.stored_bytes
    last = record(history, b"third\n" + shared)
    assert history.blob(first) is None
    assert history.blob(last) == b"third\n" + shared
    assert history.stored_bytes < 0.7 * both
    history.close()
    again = History.open(tmp_path / "state.db")
    assert again.stored_bytes == history.stored_bytes
    again.close()


@pytest.mark.parametrize("damage", ["DELETE FROM chunks", "UPDATE chunks SET data = X'7A00'"])
def test_a_content_with_a_damaged_piece_counts_as_gone(tmp_path: Path, damage: str) -> None:
    history = History.open(tmp_path / "state.db")
    digest = record(history, text(4))
    with sqlite3.connect(tmp_path / "state.db") as other:
        other.execute(f"{damage} WHERE name = (SELECT name FROM chunks LIMIT 1)")
    other.close()
    assert history.blob(digest) is None
    history.close()


def test_what_an_earlier_rtcd_has_kept_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    history = History.open(file)
    digest = record(history, b"small")
    history.close()
    with sqlite3.connect(file) as other:
        other.executescript("DROP TABLE chunks; DROP TABLE chunk_uses")
        other.execute("PRAGMA user_version = 1")
    other.close()
    again = History.open(file)
    assert (again.was_damaged, again.blob(digest)) == (False, b"small")
    assert again.blob(record(again, text(5))) == text(5)
    again.close()
