"""How far two texts begin and end alike: of ten megabytes in some milliseconds."""

from __future__ import annotations

from typing import Final

from rapidfuzz.distance import Postfix, Prefix

CHUNK: Final = 1 << 16
"""Code points compared at once. Slices this long are copied and compared in the processor's cache."""


def common_prefix(one: str, other: str) -> int:
    """How many code points both begin with."""
    shorter = min(len(one), len(other))
    at = 0
    while at + CHUNK <= shorter and one[at : at + CHUNK] == other[at : at + CHUNK]:
        at += CHUNK
    return at + Prefix.similarity(one[at : at + CHUNK], other[at : at + CHUNK])


def common_suffix(one: str, other: str) -> int:
    """How many code points both end with."""
    shorter = min(len(one), len(other))
    end, other_end = len(one), len(other)
    at = 0
    while at + CHUNK <= shorter and one[end - CHUNK : end] == other[other_end - CHUNK : other_end]:
        at, end, other_end = at + CHUNK, end - CHUNK, other_end - CHUNK
    left, right = one[max(0, end - CHUNK) : end], other[max(0, other_end - CHUNK) : other_end]
    return at + Postfix.similarity(left, right)
