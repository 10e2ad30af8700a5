"""How alike two texts are, at a bounded cost."""

from __future__ import annotations

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, Postfix, Prefix

from rtcd.diff.sequences import number_items

MAX_PRODUCT = 50_000_000
"""Beyond this product of lengths lines are compared and no longer characters."""


def similarity(old: str, new: str, floor: float = 0.0) -> float:
    """Twice the common code points by all code points: 1 for equal texts, 0 for strangers.

    Args:
        old: one text.
        new: the other.
        floor: anything below it comes back as 0, and sooner.
    """
    if old == new:
        return 1.0
    whole = len(old) + len(new)
    if 2 * min(len(old), len(new)) < floor * whole:
        return 0.0
    if len(old) * len(new) <= MAX_PRODUCT:
        return float(fuzz.ratio(old, new, score_cutoff=100 * floor)) / 100
    return _of_long_texts(old, new, floor)


def _of_long_texts(old: str, new: str, floor: float) -> float:
    head = Prefix.similarity(old, new)
    tail = min(Postfix.similarity(old, new), min(len(old), len(new)) - head)
    old_rest, new_rest = old[head : len(old) - tail], new[head : len(new) - tail]
    same = head + tail
    if len(old_rest) * len(new_rest) <= MAX_PRODUCT:
        same += (len(old_rest) + len(new_rest) - Indel.distance(old_rest, new_rest)) // 2
    else:
        same += _common_lines(old_rest, new_rest)
    ratio = 2 * same / (len(old) + len(new))
    return ratio if ratio >= floor else 0.0


def _common_lines(old: str, new: str) -> int:
    """Code points of lines in both texts in the same order, or of none if there are too many."""
    numbers: dict[str, int] = {}
    old_lines = number_items(old.splitlines(keepends=True), numbers)
    new_lines = number_items(new.splitlines(keepends=True), numbers)
    if len(old_lines) * len(new_lines) > 20 * MAX_PRODUCT:
        return 0
    lengths = [len(line) for line in numbers]
    return sum(
        lengths[old_lines[place]]
        for step in Indel.opcodes(old_lines, new_lines)
        if step.tag == "equal"
        for place in range(step.src_start, step.src_end)
    )
