"""What a save shows of the news of a newer version."""

from __future__ import annotations

import pytest

from rtcd.merge.news import News, news_in

# A character stands for a token.
BASE = "abcdefgh"


@pytest.mark.parametrize(
    ("newer", "save", "found"),
    [
        ("abcdXYefgh", "abcdXYefghq", News(kept=2)),
        ("abcdXYefgh", "abcdefghq", News(missing=2)),
        ("abcdXYfgh", "abcdefghq", News(missing=2)),
        ("abcdXYfgh", "abcdqrfgh", News(replaced=2)),
        ("abcdXYefgh", "abcdXefgh", News(kept=2)),
        ("abcdWXYefgh", "abcdXefgh", News(missing=3)),
        ("XabcdefghY", "Xabcdefgh", News(kept=1, missing=1)),
        ("abcefgh", "abcefgh", News()),
        ("abgh", "abcdefghq", News(restored=4)),
        ("abgh", "abghq", News()),
    ],
)
def test_each_change_is_kept_missing_or_replaced(newer: str, save: str, found: News) -> None:
    assert news_in(save, BASE, newer) == found


def test_words_that_occur_elsewhere_prove_little() -> None:
    # "print(total)" and "print(value)" of a file that prints: one word of two is no proof.
    assert news_in(BASE + "ac", BASE, BASE + "ab") == News(missing=2)
    assert news_in(BASE + "ab", BASE, BASE + "ab") == News(kept=2)


def test_a_large_change_around_the_place_is_searched_as_a_whole() -> None:
    assert news_in("a1234XY56h", BASE, "abcdXYefgh") == News(kept=2)
    assert news_in("a123456h", BASE, "abcdXYefgh") == News(missing=2)


def test_news_that_can_be_told_to_stand_beside_what_else_was_deleted_is_kept() -> None:
    """A line was added and others went; the save deletes more, and its parts repeat (``##``)."""
    older = "abcdefg##hijkz"
    newer = "abcdefg##WXYV##z"
    save = "abcWXYV##z"
    assert news_in(save, older, newer) == News(kept=6)
