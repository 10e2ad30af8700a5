"""Which versions are kept."""

from __future__ import annotations

from itertools import pairwise

from rtcd.content import TextContent
from rtcd.merge.candidates import Candidate
from rtcd.merge.versions import VersionRing


def push(ring: VersionRing, text: str, at: float, **facts: object) -> int:
    own_save = bool(facts.pop("own_save", False))
    return ring.push(TextContent(text), at=at, own_save=own_save, **facts).number  # type: ignore[arg-type]


def texts(ring: VersionRing) -> list[str]:
    return [v.content.text for v in ring if isinstance(v.content, TextContent)]


def test_versions_nobody_read_make_room_first() -> None:
    ring = VersionRing(keep=3, young_seconds=0)
    push(ring, "loaded", 0, read=True)
    for n in range(20):
        push(ring, f"written {n}", n, read=False)
    push(ring, "read", 30, read=True)
    assert texts(ring) == ["loaded", "written 19", "read"]


def test_the_first_and_the_newest_stay_and_the_rest_thins_out_with_age() -> None:
    ring = VersionRing(keep=6, young_seconds=0)
    for n in range(200):
        push(ring, str(n), n)
    kept = [int(text) for text in texts(ring)]
    assert len(kept) == 6
    assert (kept[0], kept[-1]) == (0, 199)
    gaps = [after - before for before, after in pairwise(kept)]
    assert gaps == sorted(gaps, reverse=True)


def test_inner_saves_of_one_editor_go_before_what_others_may_have() -> None:
    ring = VersionRing(keep=3, young_seconds=0)
    first = push(ring, "first", 0)
    base = first
    for n in range(5):
        base = push(ring, f"save {n}", n, own_save=True, base=base)
    assert texts(ring) == ["first", "save 3", "save 4"]
    candidates = ring.candidates(10.0)
    # The chain of saves still holds together.
    assert [candidate.base for candidate in candidates] == [None, 0, 1]


def test_size_counts_and_the_newest_always_stays() -> None:
    ring = VersionRing(max_bytes=1000)
    push(ring, "a" * 600, 0)
    push(ring, "b" * 600, 1)
    assert texts(ring) == ["b" * 600]
    push(ring, "c" * 2000, 2)
    assert texts(ring) == ["c" * 2000]


def test_candidates_know_their_age_and_base() -> None:
    ring = VersionRing()
    first = push(ring, "a", 1, read=False)
    push(ring, "b", 3, own_save=True, base=first)
    assert list(ring.candidates(4.0)) == [
        Candidate(content=TextContent("a"), own_save=False, read=False, base=None, age=3.0),
        Candidate(content=TextContent("b"), own_save=True, read=None, base=0, age=1.0),
    ]


def test_what_stood_on_disk_in_a_pause_is_kept_though_a_swapped_out_save_came_after() -> None:
    ring = VersionRing(keep=6, young_seconds=0)
    push(ring, "first", 0, read=True)
    push(ring, "typed a little", 9.9, read=True)
    push(ring, "typed", 10.0, read=True)
    push(ring, "merged, then a pause", 10.1, read=True)
    push(ring, "swapped out before that", 10.12, own_save=True)
    push(ring, "typed after the pause", 20.0, read=True)
    push(ring, "typed on", 20.1, read=True)
    assert "typed" not in texts(ring)
    assert "merged, then a pause" in texts(ring)


def test_the_last_save_is_kept_an_editor_still_has_it() -> None:
    ring = VersionRing(keep=5, young_seconds=0)
    push(ring, "first", 0, read=True)
    push(ring, "written", 9.99, read=True)
    push(ring, "saved", 10.0, own_save=True)
    for n in range(30):
        push(ring, f"written {n}", 10.01 + n, read=True)
    assert "saved" in texts(ring)


def test_what_was_on_disk_a_moment_ago_is_kept() -> None:
    ring = VersionRing(keep=10, young_seconds=0)
    for n in range(30):
        push(ring, f"slow {n}", n * 10.0, read=True)
    for n in range(5):
        push(ring, f"fast {n}", 300.0 + n * 0.02, read=True)
    assert texts(ring)[-5:] == [f"fast {n}" for n in range(5)]


def test_all_versions_of_the_last_seconds_stay_while_somebody_types() -> None:
    ring = VersionRing(keep=3, young_seconds=2)
    for n in range(100):
        push(ring, str(n), n / 10, read=True)
    kept = [int(text) for text in texts(ring)]
    assert kept[-20:] == list(range(80, 100))
    assert len(kept) == 23
