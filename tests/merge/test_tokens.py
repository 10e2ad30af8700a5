"""Contents as rows of numbers."""

from __future__ import annotations

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.merge.score import Step, cheaper_step, reversal, step
from rtcd.merge.tokens import TokenCache, without_equal_parts


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


def test_reversal_goes_from_nothing_to_all() -> None:
    assert reversal("ab", "axyb", "axybz") == -1
    assert reversal("ab", "axyb", "abz") == 1
    assert reversal("ab", "axyb", "axbz") == 0
    assert reversal("ab", "ab", "c") == 0


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
