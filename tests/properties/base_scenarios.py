"""Saves that were made in a known way from a known version: is the base found? (merging 4.3)

Each scenario takes a history of versions and gives a save, with the version it was made from. A
save in which only a *part* of others' work is taken back, or copied, has at least one change of
each kind; histories that allow no such save are drawn again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from properties.source_edits import (
    as_content,
    edit,
    formatted,
    hunks_between,
    rewritten,
    sources,
    with_hunks,
)
from rtcd.content import Content
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import Candidate
from rtcd.merge.score import step
from rtcd.merge.tokens import TokenCache


@dataclass(frozen=True)
class Made:
    """A save; ``right`` is the base of the person who made it, ``is_stale`` if not the newest."""

    save: str
    right: int
    is_stale: bool


@dataclass(frozen=True)
class Decision:
    """What became of one save. ``kind`` and ``why`` are those of the record, if there is one.

    ``is_right_by_score``: the score alone, of all tokens and without anything else, is right.
    """

    scenario: str
    is_stale: bool
    is_right: bool
    is_right_by_score: bool
    took_newest: bool
    kind: str | None
    why: str
    seconds: float

    @property
    def is_silent_mistake(self) -> bool:
        return not self.is_right and self.kind is None


class NotPossibleError(Exception):
    """This history allows no such save."""


def _two_kinds(rng: random.Random, count: int) -> list[bool]:
    """A coin for each of ``count`` changes, with at least one of each kind."""
    if count < 2:
        raise NotPossibleError
    while True:
        coins = [rng.random() < 0.5 for _ in range(count)]
        if any(coins) and not all(coins):
            return coins


def _new(text: str, history: Sequence[str]) -> str:
    """The text, if it is none of the versions: then it would be made from that one."""
    if text in history:
        raise NotPossibleError
    return text


def fresh(h: list[str], rng: random.Random) -> Made:
    return Made(edit(h[-1], rng, rng.randint(1, 4)), len(h) - 1, is_stale=False)


def stale(h: list[str], rng: random.Random) -> Made:
    place = rng.randrange(len(h) - 1)
    return Made(edit(h[place], rng, rng.randint(1, 4)), place, is_stale=True)


def stale_formatter(h: list[str], rng: random.Random) -> Made:
    made = stale(h, rng)
    return Made(formatted(made.save), made.right, is_stale=True)


def fresh_formatter(h: list[str], rng: random.Random) -> Made:
    made = fresh(h, rng)
    return Made(formatted(made.save), made.right, is_stale=False)


def rewrite(h: list[str], rng: random.Random) -> Made:
    return Made(rewritten(h[-1], rng, 0.25), len(h) - 1, is_stale=False)


def copied_hunk(h: list[str], rng: random.Random) -> Made:
    place = rng.randrange(len(h) - 1)
    hunks = hunks_between(h[place], h[-1])
    if len(hunks) < 2:
        raise NotPossibleError
    copied = with_hunks(h[place], [rng.choice(hunks)])
    return Made(edit(_new(copied, h), rng, 2), place, is_stale=True)


def partial_undo(h: list[str], rng: random.Random) -> Made:
    hunks = hunks_between(h[-2], h[-1])
    if len(hunks) < 2:
        raise NotPossibleError
    hunks.remove(rng.choice(hunks))
    return Made(edit(_new(with_hunks(h[-2], hunks), h), rng, 1), len(h) - 1, is_stale=False)


def some_hunks_reverted(h: list[str], rng: random.Random) -> Made:
    hunks = hunks_between(h[-2], h[-1])
    coins = _two_kinds(rng, len(hunks))
    kept = [hunk for hunk, stays in zip(hunks, coins, strict=True) if stays]
    return Made(edit(_new(with_hunks(h[-2], kept), h), rng, 1), len(h) - 1, is_stale=False)


def restored(h: list[str], rng: random.Random) -> Made:
    return Made(h[rng.randrange(len(h) - 1)], len(h) - 1, is_stale=False)


def stale_unchanged(h: list[str], rng: random.Random) -> Made:
    place = rng.randrange(len(h) - 1)
    return Made(h[place], place, is_stale=True)


def full_revert(h: list[str], rng: random.Random) -> Made:
    return Made(edit(h[-2], rng, 2), len(h) - 1, is_stale=False)


SCENARIOS: dict[str, tuple[Callable[[list[str], random.Random], Made], float]] = {
    "fresh": (fresh, 0.18),
    "stale": (stale, 0.18),
    "stale + formatter": (stale_formatter, 0.1),
    "fresh + formatter": (fresh_formatter, 0.1),
    "rewrite 25 %": (rewrite, 0.08),
    "stale, copied one remote hunk": (copied_hunk, 0.07),
    "partial undo (one hunk)": (partial_undo, 0.07),
    "some hunks reverted": (some_hunks_reverted, 0.06),
    "exact old version restored": (restored, 0.05),
    "stale, saved unchanged": (stale_unchanged, 0.05),
    "full revert + own edit": (full_revert, 0.06),
}


def by_score(save: Content, candidates: Sequence[Candidate]) -> int:
    """The smallest ``2 * inserted + deleted``, the newest on a tie (merging 4.2)."""
    tokens = TokenCache()
    mine = tokens.words(save, coarse=False)
    costs = [step(tokens.words(one.content, coarse=False), mine).cost for one in candidates]
    return max(range(len(costs)), key=lambda place: (-costs[place], place))


def decide(seed: int, names: Sequence[str] = tuple(SCENARIOS)) -> Decision:
    """One save of a random scenario and what is made of it, by content only."""
    rng = random.Random(seed)
    name = rng.choices(names, [SCENARIOS[name][1] for name in names])[0]
    while True:
        history = [rng.choice(sources())]
        for _ in range(rng.randint(1, 5)):
            history.append(edit(history[-1], rng, rng.randint(1, 4)))
        try:
            made = SCENARIOS[name][0](history, rng)
        except NotPossibleError:
            continue
        if len(set(history)) == len(history):
            break
    notebook = rng.random() < 0.3
    candidates = [
        Candidate(content=as_content(text, notebook=notebook), own_save=False, read=None)
        for text in history
    ]
    save = as_content(made.save, notebook=notebook)
    started = time.process_time()
    choice = choose_base(save, candidates)
    return Decision(
        scenario=name,
        is_stale=made.is_stale,
        is_right=choice.index == made.right,
        is_right_by_score=by_score(save, candidates) == made.right,
        took_newest=choice.index == len(history) - 1,
        kind=choice.conflict,
        why=choice.why,
        seconds=time.process_time() - started,
    )
