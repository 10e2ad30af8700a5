"""What a save has kept, or taken back, of the step from one version to another. Pure."""

from __future__ import annotations

from typing import Final

from rtcd.merge.comparison import Comparison

CLEAR_REVERSAL: Final = 0.8
"""From here on a save takes back all of a step, or nothing of it; between is worth a record."""

PROVEN_READING: Final = -0.9
MIN_PROOF_TOKENS: Final = 3
"""A save that has this much of a version's news was made from it, whatever the watcher missed."""

MIN_UNPROVEN: Final = 3
"""Tokens that others put where the save has its own, so that a record is worth reading."""


def takes_back(compared: Comparison, older: int, base: int) -> bool:
    """The save lacks some of what has come up to its base since an older version."""
    is_small = compared.step(older, base).distance < MIN_PROOF_TOKENS
    if is_small or compared.reversal(older, base) <= -1:
        return False
    news = compared.news(older, base)
    is_unproven = not news.kept and news.replaced >= MIN_UNPROVEN
    return bool(news.missing or news.restored or is_unproven)


def has_a_part(compared: Comparison, older: int, newer: int) -> bool:
    """The save has some of what a newer version has brought since this one."""
    if compared.step(older, newer).distance == 0:
        return abs(compared.reversal_in_detail(older, newer)) < CLEAR_REVERSAL
    if compared.reversal(older, newer) >= 1:
        return False
    return compared.news(older, newer).kept > 0


def proves_reading(compared: Comparison, older: int, newer: int) -> bool:
    """The save has nearly all of what a newer version brought."""
    news = compared.step(older, newer)
    return (
        news.inserted > 0
        and news.distance >= MIN_PROOF_TOKENS
        and compared.reversal(older, newer) <= PROVEN_READING
    )
