"""Two changes within a second can be told apart by an editor that knows whole seconds only."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.disk.folder import Folder
from rtcd.disk.whole_seconds import SECOND_NS, visible_time
from rtcd.disk.writer import Writer
from rtcd.project_path import ProjectPath

PATH = ProjectPath.parse("a.txt")
TIMES = st.integers(min_value=10**18, max_value=10**18 + 10 * SECOND_NS)


@given(TIMES, st.integers(min_value=0, max_value=SECOND_NS - 1))
def test_a_write_right_after_another_change_is_in_another_second(now: int, before: int):
    replaced = now - before
    assert visible_time(now, replaced) // SECOND_NS > replaced // SECOND_NS


@given(st.lists(TIMES, min_size=2, max_size=40).map(sorted))
def test_many_writes_never_go_back_and_never_run_ahead(clock: list[int]):
    there = clock[0]
    for now in clock[1:]:
        written = visible_time(now, there)
        assert there <= written
        assert now <= written <= now + SECOND_NS
        there = written


@given(TIMES, st.integers(min_value=2 * SECOND_NS, max_value=10**18))
def test_a_file_from_far_in_the_future_is_not_followed(now: int, ahead: int):
    assert visible_time(now, now + ahead) == now


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_bytes(b"one")
    return tmp_path


def write(root: Path, data: bytes) -> int:
    """One write; the file's time afterwards in nanoseconds."""
    folder = Folder.open(root)
    try:
        writer = Writer(folder, root / ".rtcd" / "limbo")
        expected = folder.read(PATH, max_bytes=1 << 20)
        written = writer.write(PATH, data, expected=expected)
    finally:
        folder.close()
    assert written.stat.mtime_ns == (root / "a.txt").stat().st_mtime_ns
    return written.stat.mtime_ns


@pytest.mark.parametrize("links", [1, 2])
def test_a_write_back_in_the_second_of_a_save_moves_the_second(root: Path, links: int):
    if links == 2:
        os.link(root / "a.txt", root / "b.txt")
    saved = time.time_ns()
    os.utime(root / "a.txt", ns=(saved, saved))
    written = write(root, b"two")
    assert written // SECOND_NS > saved // SECOND_NS
    assert written <= time.time_ns() + SECOND_NS


def test_an_old_file_gets_the_time_of_the_write(root: Path):
    os.utime(root / "a.txt", ns=(10**18, 10**18))
    before = time.time_ns()
    assert abs(write(root, b"two") - before) < SECOND_NS // 2
