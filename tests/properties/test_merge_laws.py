"""Laws of merging three contents."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.merge.three_way import merge_contents

LINES = st.lists(st.sampled_from(["a", "bb", "c d", "", "é😀", "    x"]), max_size=8)
TEXTS = st.one_of(
    st.text(max_size=30), LINES.map("\n".join), LINES.map(lambda x: "\n".join(x) + "\n")
)
CELLS = st.builds(
    Cell,
    st.sampled_from(["i1", "i2", "i3", "i4"]),
    st.sampled_from(["code", "markdown"]),
    TEXTS,
)
NOTEBOOKS = st.lists(CELLS, max_size=4, unique_by=lambda cell: cell.id).map(
    lambda cells: NotebookContent(tuple(cells))
)
PAIRS = st.one_of(
    st.tuples(TEXTS.map(TextContent), TEXTS.map(TextContent)), st.tuples(NOTEBOOKS, NOTEBOOKS)
)


def merged(base: Content | None, ours: Content, theirs: Content) -> Content:
    return merge_contents(base, ours, theirs).content


@given(PAIRS)
@settings(max_examples=150, deadline=None)
def test_what_one_side_did_alone_is_the_result(pair: tuple[Content, Content]) -> None:
    base, new = pair
    assert merged(base, new, base) == new
    assert merged(base, base, new) == new
    assert merged(base, new, new) == new
    assert merged(None, new, new) == new


@given(
    st.lists(st.integers(0, 20), max_size=6, unique=True), st.lists(st.integers(0, 20), max_size=6)
)
@settings(max_examples=150, deadline=None)
def test_edits_in_different_lines_commute(mine: list[int], other: list[int]) -> None:
    lines = [f"line {number} stays" for number in range(21)]
    theirs = [place for place in other if all(abs(place - my) > 1 for my in mine)]
    ours_text = "\n".join(f"{line} mine" if n in mine else line for n, line in enumerate(lines))
    theirs_text = "\n".join(
        f"yours {line}" if n in theirs else line for n, line in enumerate(lines)
    )
    both = "\n".join(
        f"{line} mine" if n in mine else f"yours {line}" if n in theirs else line
        for n, line in enumerate(lines)
    )
    sides = TextContent("\n".join(lines)), TextContent(ours_text), TextContent(theirs_text)
    assert merged(*sides) == merged(sides[0], sides[2], sides[1]) == TextContent(both)


# Unlike each other, because a word that becomes a similar one is edited inside.
TOKENS = [sha256(bytes([number])).hexdigest()[:10] for number in range(40)]


@st.composite
def three_sides(draw: st.DrawFn) -> tuple[str, list[str], list[str], list[str]]:
    """A base, and two sides made of it by inserting and deleting tokens, some of them the same.

    The first value stands behind each token. Words are only inserted: a word that goes and one
    that comes can be told as two words that changed.
    """
    between = draw(st.sampled_from(["\n", " "]))
    base = TOKENS[: draw(st.integers(0, 6))]
    fresh = iter(TOKENS[6:])
    shared = list(base)
    for _ in range(draw(st.integers(0, 2))):
        shared.insert(draw(st.integers(0, len(shared))), next(fresh))
    sides = []
    for _ in range(2):
        side = list(shared)
        for _ in range(draw(st.integers(0, 4))):
            side.insert(draw(st.integers(0, len(side))), next(fresh))
        for _ in range(draw(st.integers(0, 2)) if between == "\n" else 0):
            # Away from what is inserted: "X for A" and "X for its neighbour B" are two places.
            known = [
                token
                for before, token, after in zip(base, side[1:], side[2:], strict=False)
                if {before, token, after} <= set(base) and side[side.index(token) - 1] in base
            ]
            if known:
                side.remove(draw(st.sampled_from(known)))
        sides.append(side)
    return between, base, sides[0], sides[1]


@given(three_sides())
@settings(max_examples=300, deadline=None)
def test_every_token_inserted_by_a_side_and_deleted_by_none_is_there_once(
    sides: tuple[str, list[str], list[str], list[str]],
) -> None:
    between, base, ours, theirs = sides
    contents = [TextContent("".join(token + between for token in side)) for side in sides[1:]]
    result = merged(contents[0], contents[1], contents[2])
    assert isinstance(result, TextContent)
    counts = Counter(token for token in TOKENS for _ in range(result.text.count(token)))
    deleted = (set(base) - set(ours)) | (set(base) - set(theirs))
    for token in set(ours) | set(theirs):
        if token not in deleted:
            assert counts[token] == 1, (token, result.text)


@given(PAIRS)
@settings(max_examples=150, deadline=None)
def test_without_a_base_no_line_of_either_side_is_missing(pair: tuple[Content, Content]) -> None:
    ours, theirs = pair
    result = merged(None, ours, theirs)
    lines = _lines(result)
    assert _lines(ours) <= lines
    assert _lines(theirs) <= lines


def _lines(content: Content) -> set[str]:
    if isinstance(content, TextContent):
        return set(content.text.split("\n")) - {""}
    return {line for cell in content.cells for line in cell.source.split("\n")} - {""}


@given(NOTEBOOKS, NOTEBOOKS, NOTEBOOKS)
@settings(max_examples=150, deadline=None)
def test_merged_cells_have_ids_of_their_own(
    base: NotebookContent, ours: NotebookContent, theirs: NotebookContent
) -> None:
    for start in (None, base):
        result = merged(start, ours, theirs)
        assert isinstance(result, NotebookContent)
        ids = [cell.id for cell in result.cells]
        assert len(set(ids)) == len(ids)
        nameless = replace(ours, cells=tuple(replace(c, id=None) for c in ours.cells))
        merged(start, nameless, theirs)
