"""Three texts into one."""

from __future__ import annotations

import pytest

from rtcd.content import NotebookContent, TextContent
from rtcd.merge.merged import Merged, Overlap
from rtcd.merge.three_way import merge_contents

BASE = "one\ntwo two\nthree\n\nfour\nfive\n"


def merge(base: str | None, ours: str, theirs: str) -> Merged:
    start = None if base is None else TextContent(base)
    return merge_contents(start, TextContent(ours), TextContent(theirs))


def text(base: str | None, ours: str, theirs: str) -> str:
    content = merge(base, ours, theirs).content
    assert isinstance(content, TextContent)
    return content.text


def test_edits_in_different_lines_are_both_made() -> None:
    ours, theirs = BASE.replace("one", "ONE"), BASE.replace("five", "FIVE")
    both = BASE.replace("one", "ONE").replace("five", "FIVE")
    assert merge(BASE, ours, theirs) == Merged(TextContent(both))
    assert merge(BASE, theirs, ours) == Merged(TextContent(both))


@pytest.mark.parametrize("more", ["X1X\nY1Y\n", "Y1Y\nX1X\n", "Y1Y\nX1X\nZ1Z\n"])
def test_an_insertion_that_came_twice_and_grew_is_there_once(more: str) -> None:
    ours, theirs = BASE.replace("four\n", "X1X\nfour\n"), BASE.replace("four\n", more + "four\n")
    assert text(BASE, ours, theirs) == theirs
    assert text(BASE, theirs, ours) == theirs


def test_the_same_word_that_came_twice_is_there_once() -> None:
    ours, theirs = (
        BASE.replace("two two", "two new two"),
        BASE.replace("two two", "two new more two"),
    )
    assert merge(BASE, ours, theirs).content == TextContent(theirs)


def test_a_line_that_both_put_in_place_of_another_is_there_once() -> None:
    """The end of the line stays, so that the new words are told to stand beside the old ones."""
    base = "count = oldest + older  # note\nlast()\n"
    new = "count = newest  # note\nlast()\n"
    assert text(base, new + "mine()\n", "first()\n" + new) == "first()\n" + new + "mine()\n"


def test_a_line_that_both_have_behind_another_one_each_is_there_once() -> None:
    """Only with the last line in the base the differ tells the one before as the same."""
    ours = "kraken  # note\nours()\nboth()\n"
    theirs = "theirs  # note\nkraken  # note\nboth()\n"
    merged = "theirs  # note\nkraken  # note\nours()\nboth()\n"
    assert text("xyzzy  # note\n", ours, theirs) == merged


def test_two_lines_in_place_of_one_are_not_glued_together() -> None:
    """One side's new line ends with the old end, which the other side has deleted."""
    ours, theirs = "first()\nnew()\nkraken  # note\n", "first()\ntheirs()\n"
    merged = "first()\nnew()\nkraken  # note\ntheirs()\n"
    assert text("first()\nx = old  # note\n", ours, theirs) == merged


def test_an_insertion_among_blank_lines_is_found_wherever_it_is_told_to_be() -> None:
    base = "a\n\n\n\nb\n"
    ours = "a\n\nX1X\n\n\n\nb\n"
    theirs = "a\n\nX1X\n\nY1Y\n\n\n\nb\n"
    assert text(base, ours, theirs) == theirs


def test_different_lines_at_one_place_both_stay_whole_and_theirs_come_first() -> None:
    ours, theirs = BASE + "x = f(1)\n", BASE + "x = f(2)\n"
    assert merge(BASE, ours, theirs) == Merged(TextContent(BASE + "x = f(2)\nx = f(1)\n"))


def test_an_edit_wins_over_the_deletion_of_its_line() -> None:
    ours = BASE.replace("two two\nthree\n", "")
    theirs = BASE.replace("two two", "two NEW two")
    merged = BASE.replace("two two\nthree\n", "two NEW two\n")
    for one, other in ((ours, theirs), (theirs, ours)):
        result = merge(BASE, one, other)
        assert result.content == TextContent(merged)
        assert result.overlaps == (Overlap(None, BASE, one, other, merged, "delete-edit"),)


def test_a_deletion_next_to_an_edit_is_made() -> None:
    ours, theirs = BASE.replace("one\n", ""), BASE.replace("two two", "two NEW")
    assert merge(BASE, ours, theirs) == Merged(TextContent(theirs.replace("one\n", "")))


def test_different_changes_of_one_line_are_reported_with_whole_sides() -> None:
    ours, theirs = BASE.replace("two two", "2 two"), BASE.replace("two two", "two 2")
    merged = BASE.replace("two two", "2 2")
    assert merge(BASE, ours, theirs) == Merged(
        TextContent(merged), (Overlap(None, BASE, ours, theirs, merged, "same-line"),)
    )


def test_the_same_change_of_one_line_is_no_overlap() -> None:
    both = BASE.replace("three", "3")
    result = merge(BASE, both + "a\n", both)
    assert (result.content, result.overlaps) == (TextContent(both + "a\n"), ())


def test_without_a_base_every_line_of_both_is_kept_and_common_ones_once() -> None:
    result = merge(None, "a\nb\nmine\nc\n", "a\ntheirs\nb\nc")
    assert result.content == TextContent("a\ntheirs\nb\nmine\nc\n")
    assert [overlap.reason for overlap in result.overlaps] == ["both-created"]


def test_without_a_base_an_empty_side_is_nothing() -> None:
    assert merge(None, "", "a\n").overlaps == merge(None, "a\n", "").overlaps == ()
    assert text(None, "", "a\n") == text(None, "a\n", "") == text(None, "a\n", "a\n") == "a\n"


def test_contents_of_two_kinds_are_refused() -> None:
    with pytest.raises(TypeError):
        merge_contents(None, TextContent(""), NotebookContent(()))
    with pytest.raises(TypeError):
        merge_contents(TextContent(""), NotebookContent(()), NotebookContent(()))
