"""A checkout takes back what git saw, and not what was written while git was at work."""

from __future__ import annotations

from rtcd.content import TextContent
from rtcd.merge.base import GIT_SECONDS, choose_base
from rtcd.merge.candidates import Candidate, Evidence

BY_GIT = Evidence(git=True)


def version(text: str, age: float | None, *, own_save: bool = False) -> Candidate:
    return Candidate(content=TextContent(text), own_save=own_save, read=True, age=age)


def base_of(*versions: Candidate) -> int:
    return choose_base(TextContent("checked out\n"), versions, BY_GIT).index


def test_the_base_of_a_checkout_is_the_newest_version_that_git_can_have_seen():
    old, fresh = version("a\n", GIT_SECONDS * 4), version("a\nb\n", GIT_SECONDS * 2)
    just_now = version("a\nb\nc\n", GIT_SECONDS / 2)
    assert base_of(old, fresh) == 1
    assert base_of(old, fresh, just_now) == 1
    assert base_of(old, version("x\n", GIT_SECONDS / 2), just_now) == 0


def test_a_save_of_this_disk_was_there_however_fresh():
    assert base_of(version("a\n", 9.0), version("b\n", 0.01, own_save=True)) == 1


def test_a_version_of_unknown_age_counts_as_old():
    assert base_of(version("a\n", None), version("b\n", None)) == 1
