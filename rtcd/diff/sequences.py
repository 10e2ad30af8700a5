"""The difference of two sequences: which runs were replaced.

The core is the bit-parallel longest common subsequence of rapidfuzz. It needs one bit for every
pair of elements, so beyond a budget the sequences are first cut at anchors: elements that are rare
and occur equally often on both sides (as in a patience diff). Without anchors the whole run counts
as replaced. See merging 5.2 and 5.3.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain, compress
from operator import ne
from typing import NamedTuple, TypeVar

from rapidfuzz.distance import Indel, Postfix, Prefix

BUDGET_BITS = 2_000_000_000
"""Bits of the comparison matrix: 2e9 are 250 MB for the time of one call."""

MAX_ANCHOR_OCCURRENCES = 8
FIRST_SURROGATE, LAST_SURROGATE, LAST_CHARACTER = 0xD800, 0xDFFF, 0x10FFFF
KINDS = LAST_CHARACTER - (LAST_SURROGATE - FIRST_SURROGATE)
"""More kinds of elements than that have no character each."""

ItemT = TypeVar("ItemT", bound=Hashable)


class Gap(NamedTuple):
    """``old[old_start:old_end]`` was replaced by ``new[new_start:new_end]``; one may be empty."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def seq_diff(
    old: Sequence[Hashable], new: Sequence[Hashable], *, budget: int = BUDGET_BITS
) -> tuple[Gap, ...]:
    """The replaced runs, in order; between two of them something stays.

    Args:
        old: any hashable elements; equal elements match.
        new: the same kind.
        budget: the largest product of lengths, after cutting off equal ends, that is compared
            exactly; 1e9 takes some 0.3 seconds and 125 MB.
    """
    if old == new:
        return ()
    # Equal ends first: numbering costs more than comparing, and mostly little is in between.
    head, tail = _common_ends(old, new)
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if not (isinstance(old_middle, str) and isinstance(new_middle, str)):
        old_middle, new_middle = _numbered(old_middle, new_middle)
    return tuple(_joined(_middle_gaps(old_middle, new_middle, head, head, budget)))


def matches(gaps: Iterable[Gap], old_length: int) -> Iterator[tuple[int, int]]:
    """The pairs of positions (old, new) that stay, in order."""
    old_at = new_at = 0
    for gap in gaps:
        yield from zip(range(old_at, gap.old_start), range(new_at, gap.new_start), strict=True)
        old_at, new_at = gap.old_end, gap.new_end
    for step in range(old_length - old_at):
        yield old_at + step, new_at + step


def number_items(items: Iterable[ItemT], numbers: dict[ItemT, int]) -> list[int]:
    """A small number for every element, the same for equal ones; ``numbers`` grows."""
    give = numbers.setdefault
    return [give(item, len(numbers)) for item in items]


def _numbered(
    old: Sequence[Hashable], new: Sequence[Hashable]
) -> tuple[Sequence[Hashable], Sequence[Hashable]]:
    """The same with a character for every kind of element, or, of too many kinds, a number.

    rapidfuzz reads strings without hashing, and several times faster.
    """
    if len(old) + len(new) > KINDS:
        numbers: dict[Hashable, int] = {}
        return number_items(old, numbers), number_items(new, numbers)
    codes = chain(range(FIRST_SURROGATE), range(LAST_SURROGATE + 1, LAST_CHARACTER + 1))
    marks: defaultdict[Hashable, str] = defaultdict(map(chr, codes).__next__)
    mark = marks.__getitem__
    return "".join(map(mark, old)), "".join(map(mark, new))


def _gaps(
    old: Sequence[Hashable], new: Sequence[Hashable], old_base: int, new_base: int, budget: int
) -> Iterator[Gap]:
    head, tail = _common_ends(old, new)
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    yield from _middle_gaps(old, new, old_base + head, new_base + head, budget)


def _middle_gaps(
    old: Sequence[Hashable], new: Sequence[Hashable], old_base: int, new_base: int, budget: int
) -> Iterator[Gap]:
    """The gaps of sequences without equal ends."""
    if not old and not new:
        return
    if not old or not new:
        yield Gap(old_base, old_base + len(old), new_base, new_base + len(new))
    elif len(old) * len(new) <= budget:
        yield from _exact_gaps(old, new, old_base, new_base)
    else:
        yield from _anchored_gaps(old, new, old_base, new_base, budget)


def _exact_gaps(
    old: Sequence[Hashable], new: Sequence[Hashable], old_base: int, new_base: int
) -> Iterator[Gap]:
    for step in Indel.opcodes(old, new):
        if step.tag != "equal":
            yield Gap(
                old_base + step.src_start,
                old_base + step.src_end,
                new_base + step.dest_start,
                new_base + step.dest_end,
            )


def _anchored_gaps(
    old: Sequence[Hashable], new: Sequence[Hashable], old_base: int, new_base: int, budget: int
) -> Iterator[Gap]:
    anchors = _anchors(old, new, MAX_ANCHOR_OCCURRENCES) or _anchors(old, new, len(old))
    if not anchors:
        yield Gap(old_base, old_base + len(old), new_base, new_base + len(new))
        return
    old_at = new_at = 0
    for old_next, new_next in chain(anchors, [(len(old), len(new))]):
        if old_next > old_at or new_next > new_at:
            yield from _gaps(
                old[old_at:old_next],
                new[new_at:new_next],
                old_base + old_at,
                new_base + new_at,
                budget,
            )
        old_at, new_at = old_next + 1, new_next + 1


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable], most: int) -> list[tuple[int, int]]:
    """Pairs of positions of rare elements, k-th with k-th, rising on both sides.

    Args:
        old: the elements.
        new: the same.
        most: how often an element may occur and still be an anchor.
    """
    old_counts, new_counts = Counter(old), Counter(new)
    rare = {
        item for item, count in old_counts.items() if count <= most and new_counts[item] == count
    }
    new_places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, item in enumerate(new):
        if item in rare:
            new_places[item].append(place)
    # Turned round, so that taking the first occurrence is a pop.
    for places in new_places.values():
        places.reverse()
    pairs = [(place, new_places[item].pop()) for place, item in enumerate(old) if item in rare]
    return _longest_rising(pairs)


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second numbers rise (patience sorting)."""
    tops: list[int] = []
    top_index: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        if pile == len(tops):
            tops.append(place)
            top_index.append(index)
        else:
            tops[pile] = place
            top_index[pile] = index
        before.append(top_index[pile - 1] if pile else -1)
    chosen: list[tuple[int, int]] = []
    index = top_index[-1] if top_index else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = before[index]
    chosen.reverse()
    return chosen


def _common_ends(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int]:
    """How many elements both begin with, and how many of the others both end with."""
    shorter = min(len(old), len(new))
    if isinstance(old, str) and isinstance(new, str):
        head = Prefix.similarity(old, new)
        return head, min(Postfix.similarity(old, new), shorter - head)
    head = next(compress(range(shorter), map(ne, old, new)), shorter)
    shorter -= head
    different = compress(range(shorter), map(ne, reversed(old), reversed(new)))
    return head, next(different, shorter)


def _joined(gaps: Iterable[Gap]) -> Iterator[Gap]:
    """Neighbouring gaps with nothing kept between them become one."""
    last: Gap | None = None
    for gap in gaps:
        if last is None:
            last = gap
        elif gap.old_start == last.old_end and gap.new_start == last.new_end:
            last = Gap(last.old_start, gap.old_end, last.new_start, gap.new_end)
        else:
            yield last
            last = gap
    if last is not None:
        yield last
