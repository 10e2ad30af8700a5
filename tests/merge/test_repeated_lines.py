"""Lines that came twice, in another order."""

from __future__ import annotations

from rtcd.content import TextContent
from rtcd.merge.repeated_lines import without_repeated_lines
from rtcd.merge.three_way import merge_contents

BASE = "alpha\nbeta\ngamma\n"


def test_lines_that_both_sides_added_in_another_order_are_there_once():
    ours = "alpha\nfrom Ada 1\nfrom Grace 2\nbeta\ngamma\n"
    theirs = "alpha\nfrom Grace 2\nfrom Ada 1\nonly there\nbeta\ngamma\n"
    merged = merge_contents(TextContent(BASE), TextContent(ours), TextContent(theirs)).content
    assert isinstance(merged, TextContent)
    lines = merged.text.splitlines()
    for line in ("from Ada 1", "from Grace 2", "only there", "alpha", "beta", "gamma"):
        assert lines.count(line) == 1, merged.text


def test_a_line_that_both_have_is_there_once_whatever_each_took_out_around_it():
    base = "alpha()\nbeta()\ngamma()\ndelta()\n"
    ours = "alpha()\nbeta()\nfrom Ada\ngamma()\ndelta()\n"
    theirs = "alpha()\nfrom Ada\ndelta()\n"
    merged = "alpha()\nfrom Ada\nbeta()\nfrom Ada\ngamma()\ndelta()\n"
    once = "alpha()\nfrom Ada\nbeta()\ngamma()\ndelta()\n"
    assert without_repeated_lines(base, ours, theirs, merged) == once


def test_the_same_short_line_at_two_places_stays_twice():
    ours, theirs = "alpha\nelse:\nbeta\ngamma\n", "alpha\nbeta\ngamma\nelse:\n"
    merged = "alpha\nelse:\nbeta\ngamma\nelse:\n"
    assert without_repeated_lines(BASE, ours, theirs, merged) == merged


def test_a_line_that_somebody_wrote_twice_stays_twice():
    ours = "alpha\nprint(total)\nprint(total)\nbeta\ngamma\n"
    assert without_repeated_lines(BASE, ours, BASE, ours) == ours


def test_a_line_of_the_base_is_never_taken_away():
    merged = "alpha\nbeta\nalpha\ngamma\n"
    assert without_repeated_lines(BASE, merged, BASE, merged) == merged
