"""When two looks at a file tell of the same bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rtcd.disk.file_stat import FileStat

LOOK = FileStat(dev=1, ino=2, size=3, mtime_ns=400, ctime_ns=500, mode=0o644, nlink=1, kind="file")


@pytest.mark.parametrize(
    "changed",
    [
        {"mtime_ns": 399},
        {"mtime_ns": 401},
        {"ctime_ns": 499},
        {"size": 2},
        {"ino": 7},
        {"dev": 7},
        {"kind": "link"},
    ],
    ids=lambda changed: str(changed),
)
def test_whatever_differs_hints_at_other_bytes_an_older_time_too(changed: dict[str, int]) -> None:
    other = replace(LOOK, **changed)  # type: ignore[arg-type]
    assert not LOOK.same_bytes_likely(other)
    assert not other.same_bytes_likely(LOOK)


def test_mode_and_links_say_nothing_of_the_bytes() -> None:
    assert LOOK.same_bytes_likely(replace(LOOK, mode=0o600, nlink=2))
