"""Distances that are remembered, and comparisons that are spared, change no decision."""

from __future__ import annotations

import random

import pytest

from rtcd.content import TextContent
from rtcd.merge import score
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import Candidate
from rtcd.merge.comparison import Comparison
from rtcd.merge.score import Distances, distance_of
from rtcd.merge.tokens import TokenCache

WORDS = [f"{first}{last}" for first in "bdfgk" for last in "aeiou"]


def edited(text: str, rng: random.Random) -> str:
    """A few words or lines more, fewer, or others."""
    lines = [line.split(" ") for line in text.splitlines()]
    for _ in range(rng.choice((1, 1, 1, 2, 6))):
        line = rng.choice(lines)
        what = rng.random()
        if what < 0.4:
            line.insert(rng.randint(0, len(line)), rng.choice(WORDS))
        elif what < 0.6:
            line[rng.randrange(len(line))] = rng.choice(WORDS)
        elif what < 0.8 and len(line) > 1:
            line.pop(rng.randrange(len(line)))
        else:
            lines.insert(rng.randint(0, len(lines)), rng.choices(WORDS, k=4))
    return "".join(" ".join(line) + "\n" for line in lines)


def history(rng: random.Random) -> list[Candidate]:
    """Saves of this disk and writes of the daemon, each made from one of the last versions."""
    texts = ["".join(" ".join(rng.choices(WORDS, k=5)) + "\n" for _ in range(12))]
    versions = [Candidate(content=TextContent(texts[0]), own_save=True, read=None)]
    for place in range(1, 25):
        base = place - 1 if rng.random() < 0.8 else rng.randrange(place)
        texts.append(edited(texts[base], rng))
        own = rng.random() < 0.7
        versions.append(
            Candidate(
                content=TextContent(texts[-1]),
                own_save=own,
                read=rng.choice((None, True, False)),
                base=base if own else None,
                age=10.0,
            )
        )
    return versions


@pytest.mark.parametrize("seed", range(12))
def test_what_is_remembered_and_spared_changes_no_decision(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    versions = history(rng)
    remembered = TokenCache()
    for count in range(2, len(versions)):
        known = versions[:count]
        # The next version is the save; so what is found here is asked for again with the next.
        save = versions[count].content
        with monkeypatch.context() as patch:
            patch.setattr(Comparison, "keeps", lambda it, a, b, c: it.reversal(a, b) <= -c)
            plain = choose_base(save, known)
        assert choose_base(save, known, tokens=remembered) == plain


@pytest.mark.parametrize("seed", range(12))
def test_that_a_step_is_kept_is_told_as_by_comparing(seed: int) -> None:
    rng = random.Random(seed)
    versions = history(rng)
    contents = [version.content for version in versions]
    remembered = TokenCache()
    for count in range(2, len(contents)):
        compared = Comparison(contents[count], contents[:count], remembered)
        afresh = Comparison(contents[count], contents[:count], TokenCache())
        places = range(count - 1)
        assert [compared.keeps(place, count - 1, 0.8) for place in places] == [
            afresh.reversal(place, count - 1) <= -0.8 for place in places
        ]


def test_old_versions_are_not_compared_again_with_every_save(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(1)
    text = "".join(" ".join(rng.choices(WORDS, k=5)) + "\n" for _ in range(200))
    remembered = TokenCache()
    counts: list[int] = []

    def counted(old: str, new: str) -> int:
        counts[-1] += 1
        return distance_of(old, new)

    monkeypatch.setattr(score, "distance_of", counted)
    known: list[Candidate] = []
    for number in range(42):
        lines = text.splitlines()
        lines[rng.randrange(len(lines))] += f" new{number}"
        save = TextContent(text := "\n".join(lines))
        counts.append(0)
        if known:
            assert choose_base(save, known, tokens=remembered).index == len(known) - 1
        known.append(
            Candidate(content=save, own_save=True, read=None, base=len(known) - 1, age=60.0)
        )
    # Without what was remembered: two for every version, so 80.
    assert max(counts[-10:]) <= 30


def test_what_the_save_before_last_needed_is_forgotten() -> None:
    distances = Distances()
    distances.add("ab", "ac", 2)
    distances.add_least("ab", "xyz", 3)
    for least in (3, 0):
        distances.begin()
        assert distances.at_least("ab", "xyz") == least
    assert distances.at_least("ab", "ac") == 0
    assert distances.between("ab", "ac") == 2


@pytest.mark.parametrize("length", [0, 10, 64, 65, 200, 256, 257, 900])
def test_a_distance_is_the_same_within_every_band(length: int) -> None:
    assert distance_of("a" * 300, "a" * 300 + "b" * length) == length
