"""A long text merged region by region is the text merged as a whole."""

from __future__ import annotations

import random

import pytest

from properties.source_edits import edit, formatted, sources
from rtcd.diff.edits import TextEdit, apply_edits
from rtcd.merge import insertions, text_regions, three_way_text
from rtcd.merge.three_way_text import TextMerge, merge_text

LONG_SOURCES = [text for text in sources() if len(text) > three_way_text.LONG]


def merged_whole(monkeypatch: pytest.MonkeyPatch, base: str, ours: str, theirs: str) -> TextMerge:
    with monkeypatch.context() as patch:
        patch.setattr(three_way_text, "LONG", 10**9)
        return merge_text(base, ours, theirs)


@pytest.mark.parametrize("seed", range(60))
def test_regions_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    base = rng.choice(LONG_SOURCES)
    ours, theirs = (edit(base, rng, rng.randint(1, 12)) for _ in range(2))
    if seed % 6 == 0:
        ours = formatted(ours)
    found = merge_text(base, ours, theirs)
    whole = merged_whole(monkeypatch, base, ours, theirs)
    assert (found.text, set(found.reasons), found.by_content) == (
        whole.text,
        set(whole.reasons),
        whole.by_content,
    )
    assert found.our_edits is not None
    assert apply_edits(base, found.our_edits) == ours
    assert found.news is not None
    assert apply_edits(theirs, found.news) == found.text


@pytest.mark.parametrize("seed", range(40))
def test_edits_far_from_the_other_side_change_no_region_of_both(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for module in (insertions, text_regions):
        monkeypatch.setattr(module, "MAX_SLIDE", 12 if seed % 2 else 2000)
    rng = random.Random(seed)
    words = ["a\n", "a\n", "\n", "\n", " \n", "b c\n", "some longer line of words\n"]
    base = "".join(rng.choices(words, k=400))

    def edits(count: int) -> tuple[TextEdit, ...]:
        places = sorted(rng.sample(range(len(base)), 2 * count))
        kinds = [
            (a, rng.choice([a, b - 1, b - 1]))
            for a, b in zip(places[::2], places[1::2], strict=True)
        ]
        texts = (rng.choice(["", "x", "a\n", "\n", "\n\n"]) for _ in kinds)
        return tuple(
            TextEdit(start, min(end, start + rng.choice([5, 500])), text)
            for (start, end), text in zip(kinds, texts, strict=True)
        )

    mine, other = edits(rng.choice([3, 40, 80, 120])), edits(rng.choice([1, 2, 5]))
    found = [r for r in text_regions.regions_of(base, mine, other) if r.mine and r.other]
    with monkeypatch.context() as patch:
        patch.setattr(text_regions, "FEW", 0)
        whole = [r for r in text_regions.regions_of(base, mine, other) if r.mine and r.other]
    assert found == whole


def test_what_both_did_to_one_line_of_a_long_text_is_reported() -> None:
    base = "".join(f"line {n} of many\n" for n in range(5000))
    ours = base.replace("line 2500 of", "LINE 2500 of").replace("line 9 of", "nine of")
    theirs = base.replace("line 2500 of", "row 2500 of").replace("line 4990 of", "last of")
    found = merge_text(base, ours, theirs)
    assert found.reasons == ("same-line",)
    assert "nine of many" in found.text
    assert "last of many" in found.text
    assert "LINE" in found.text
    assert "row" in found.text
