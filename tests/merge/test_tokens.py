"""Contents as rows of numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.merge.comparison import Comparison
from rtcd.merge.equal_parts import without_equal_parts
from rtcd.merge.score import Step, cheaper_step, step
from rtcd.merge.tokens import TokenCache


def words(cache: TokenCache, text: str) -> str:
    return cache.words(TextContent(text), coarse=False)


def test_a_formatter_changes_no_token() -> None:
    cache = TokenCache()
    before = words(cache, "f( 'a', b)\n")
    assert before == words(cache, 'f(\n    "a",\n    b,\n)\n')
    assert before != words(cache, "f('a', c)\n")


def test_lines_are_compared_without_their_indent() -> None:
    cache = TokenCache()
    rows = [
        cache.words(TextContent(text), coarse=True) for text in ("a\n  b\n", "a\nb\n", "b\na\n")
    ]
    assert rows[0] == rows[1] != rows[2]


def test_cells_of_another_type_or_split_are_other_tokens() -> None:
    cache = TokenCache()
    one = NotebookContent((Cell("a", "code", "x y"),))
    split = NotebookContent((Cell("a", "code", "x"), Cell("b", "code", "y")))
    typed = NotebookContent((Cell("a", "markdown", "x y"),))
    assert len({cache.words(content, coarse=False) for content in (one, split, typed)}) == 3


def test_more_words_than_there_are_plain_characters_stay_apart() -> None:
    cache = TokenCache()
    row = words(cache, " ".join(f"w{n}" for n in range(70_000)))
    assert len(set(row)) == 70_000


def test_the_cache_forgets_and_is_right_all_the_same() -> None:
    cache = TokenCache(size=2)
    contents = [TextContent(f"a b c{n}") for n in range(10)]
    rows = [cache.words(content, coarse=False) for content in contents]
    assert [cache.words(content, coarse=False) for content in contents] == rows


def test_a_step_counts_what_is_inserted_and_deleted() -> None:
    assert step("abcd", "axcde") == Step(inserted=2, deleted=1)
    assert step("abcd", "axcde").cost == 5
    assert cheaper_step("abcd", "axcde", 5) == Step(inserted=2, deleted=1)
    assert cheaper_step("abcd", "axcde", 4) is None


@pytest.mark.parametrize(
    ("older", "newer", "save", "wanted"),
    [
        ("a b", "a x y b", "a x y b z", -1),
        ("a b", "a x y b", "a b z", 1),
        ("a b", "a x y b", "a x b z", 0),
        ("a b", "a b", "c", 0),
    ],
)
def test_reversal_goes_from_nothing_to_all(
    older: str, newer: str, save: str, wanted: float
) -> None:
    contents = [TextContent(text) for text in (older, newer)]
    assert Comparison(TextContent(save), contents, TokenCache()).reversal(0, 1) == wanted


def test_what_is_forgotten_is_forgotten_between_comparisons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows of one comparison have to be of one making, and memory must not grow for ever."""
    monkeypatch.setattr("rtcd.merge.tokens.SPARE_BYTES", 15_000)
    cache = TokenCache()
    held = []
    for number in range(200):
        cache.expect(2)
        texts = [f"save {number} has word{number}\n", f"save {number} has other{number}\n"]
        rows = [words(cache, text) for text in texts]
        assert step(*rows) == Step(inserted=1, deleted=1)
        held.append(cache.held)
    assert max(held) < 17_000


def test_equal_ends_are_cut_at_lines_and_change_no_distance() -> None:
    lines = [f"line {n}\n" for n in range(1000)]
    texts = ["".join(lines)]
    texts += ["".join([*lines[:500], f"new {n}\n", *lines[500 + n :]]) for n in range(3)]
    trimmed = without_equal_parts([TextContent(text) for text in texts])
    assert trimmed is not None
    assert max(len(content.text) for content in trimmed) < 60
    cache, other = TokenCache(), TokenCache()
    whole = [words(cache, text) for text in texts]
    cut = [other.words(content, coarse=False) for content in trimmed]
    assert [step(whole[0], row) for row in whole] == [step(cut[0], row) for row in cut]


def test_a_part_between_two_edits_is_cut_and_changes_no_distance() -> None:
    lines = [f"line {n} of many\n" for n in range(2000)]
    texts = [
        "".join(lines),
        "".join([*lines[:100], "an edit\n", *lines[101:]]),
        "".join([*lines[:1900], "another\n", *lines[1905:]]),
        "".join(["first\n", *lines, "last\n"]),
    ]
    trimmed = without_equal_parts([TextContent(text) for text in texts])
    assert trimmed is not None
    assert max(len(content.text) for content in trimmed) < len(texts[0]) / 3
    cache, other = TokenCache(), TokenCache()
    whole = [words(cache, text) for text in texts]
    cut = [other.words(content, coarse=False) for content in trimmed]
    assert [step(whole[0], row) for row in whole] == [step(cut[0], row) for row in cut]


def test_changes_all_over_are_left_as_they_are() -> None:
    lines = [f"line {n}\n" for n in range(1000)]
    other = [f"line {n + n % 2}\n" for n in range(1000)]
    contents = [TextContent("".join(lines)), TextContent("".join(other))]
    assert without_equal_parts(contents) is None
    assert without_equal_parts([TextContent("short"), TextContent("text")]) is None


def test_cells_that_all_have_are_not_compared_and_change_no_distance() -> None:
    cells = tuple(Cell(f"c{n}", "code", f"x{n} = {n}\n") for n in range(50))
    edited = replace(cells[20], source="x20 = other\n")
    notebooks = [
        NotebookContent(cells),
        NotebookContent((*cells[:20], edited, *cells[21:])),
        NotebookContent((*cells[:40], Cell("new", "code", "new\n"), *cells[40:])),
    ]
    trimmed = without_equal_parts(notebooks)
    assert trimmed is not None
    one, other = TokenCache(), TokenCache()
    whole = [one.words(content, coarse=False) for content in notebooks]
    cut = [other.words(content, coarse=False) for content in trimmed]
    assert [step(whole[0], row) for row in whole] == [step(cut[0], row) for row in cut]
    assert max(map(len, cut)) < 60


LINES = st.lists(st.sampled_from(["", "a = 1", " ", "b(c)", "a = 1  # d"]), max_size=12)


@given(LINES, LINES, LINES, LINES, st.sampled_from(["words", "lines", "details"]))
def test_a_row_made_from_that_of_a_text_like_it_is_the_row(
    head: list[str], old: list[str], new: list[str], tail: list[str], grain: str
) -> None:
    before, after = ("\n".join([*head, *middle, *tail]) for middle in (old, new))
    cache = TokenCache()
    cache._row(TextContent(before), grain)
    found = cache._row(TextContent(after), grain)
    cache._rows.clear()
    assert found == cache._row(TextContent(after), grain)


def test_of_a_text_like_another_one_only_the_shorter_part_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "".join(f"line {n}\n" for n in range(1000))
    cache = TokenCache()
    cache.words(TextContent(text), coarse=False)
    looked_at: list[int] = []
    of_text = cache._of_text
    monkeypatch.setattr(
        cache, "_of_text", lambda part, grain: looked_at.append(len(part)) or of_text(part, grain)
    )
    cache.words(TextContent(text + "one more\n"), coarse=False)
    assert sum(looked_at) < 20


def test_of_a_long_row_of_cells_that_all_have_only_a_part_is_compared() -> None:
    cells = tuple(Cell(f"c{n}", "code", f"x{n} = {n}\n") for n in range(1000))
    new = Cell("new", "code", "new = 1\n")
    notebooks = [
        NotebookContent(cells),
        NotebookContent((*cells[:400], new, *cells[400:])),
        NotebookContent((*cells, new)),
        NotebookContent((new, *cells[:-1], replace(cells[-1], source="other\n"))),
    ]
    trimmed = without_equal_parts(notebooks)
    assert trimmed is not None
    one, other = TokenCache(), TokenCache()
    whole = [one.words(content, coarse=False) for content in notebooks]
    cut = [other.words(content, coarse=False) for content in trimmed]
    assert [step(a, b) for a in whole for b in whole] == [step(a, b) for a in cut for b in cut]
    assert max(map(len, cut)) < 100


def test_cells_in_another_order_are_compared() -> None:
    cells = tuple(Cell(f"c{n}", "code", f"x{n} = {n}\n") for n in range(5))
    assert without_equal_parts([NotebookContent(cells), NotebookContent(cells[::-1])]) is None
