"""Which new cell is which old cell (merging 6.2), without blind trust in ids.

Files below nbformat 4.5 have no ids, some editors make new ones on every save, some tools number
cells by place, and copies may carry the id of their origin. So an id counts only as far as the
source agrees, or as long as nothing better is found.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Protocol

from rtcd.content import Cell
from rtcd.diff.cell_pairs import CellPairs
from rtcd.diff.json_edits import same_json
from rtcd.diff.sequences import matches, seq_diff
from rtcd.diff.similarity import MAX_PRODUCT, similarity

ALIKE = 0.5
"""Sources this alike are versions of one cell, when id or place agree."""

SURELY_ALIKE = 0.7
"""Sources this alike are versions of one cell wherever they stand."""

TELLING_LENGTH = 8
"""Sources of more code points than this are recognised away from their place."""

MAX_WORK = 600_000_000
"""What comparing sources may cost, in steps of about a nanosecond; beyond it ids and places decide."""

WORK_PER_PAIR = 1000

WINDOW = 16
"""In a long run of changed cells only neighbours at about the same place are compared."""

MANY_PAIRS = 4096

NOT_WORD = re.compile(r"\W+")


class _Key(Protocol):
    """What two cells must share to be the same; None takes a cell out."""

    def __call__(self, cell: Cell, telling: bool) -> Hashable: ...


def _type_and_source(cell: Cell, telling: bool) -> Hashable:
    if telling and len(cell.source) <= TELLING_LENGTH:
        return None
    return cell.cell_type, cell.source


def _type_and_words(cell: Cell, telling: bool) -> Hashable:
    """The letters and digits of a source: what a formatter leaves alone."""
    del telling
    words = NOT_WORD.sub("", cell.source)
    return (cell.cell_type, words) if len(words) > TELLING_LENGTH else None


def match_cells(old: Sequence[Cell], new: Sequence[Cell]) -> tuple[int | None, ...]:
    """For each new cell the index of the old cell it is, or None for a cell that is new.

    No old cell is given twice.
    """
    matcher = _Matcher(old, new)
    matcher.match()
    return tuple(matcher.old_of)


class _Matcher(CellPairs):
    """Each step adds pairs among the cells that are still free."""

    def __init__(self, old: Sequence[Cell], new: Sequence[Cell]) -> None:
        super().__init__(old, new)
        self.ids_count = False
        self.work = 0
        self.budget = MAX_WORK // 2

    def match(self) -> None:
        self._same_objects()
        doubtful = self._same_ids()
        self._same_in_order(_type_and_source, doubtful)
        self._same_anywhere()
        self._doubtful_ids(doubtful)
        self._same_in_order(_type_and_words, [])
        # Ids must not use up what files without ids need.
        self.budget = MAX_WORK
        self._alike_in_gaps()
        self._alike_anywhere()
        self._lonely_in_gaps()

    # The same objects

    def _same_objects(self) -> None:
        """Pair cells that stand on both sides as one object, of doubles the first."""
        places = {id(cell): old for old, cell in reversed([*enumerate(self.old)])}
        for new, cell in enumerate(self.new):
            old = places.pop(id(cell), None)
            if old is not None:
                self.pair(old, new)
                self.ids_count = self.ids_count or cell.id is not None

    # Ids

    def _same_ids(self) -> list[tuple[int, int]]:
        """Pair cells of one id whose sources agree; give back the pairs whose sources do not."""
        pairs = list(self._id_pairs())
        changed = []
        for old, new in pairs:
            if self.old[old].source == self.new[new].source:
                self.pair(old, new)
                self.ids_count = True
            else:
                changed.append((old, new))
        swapped = self._swapped(changed)
        doubtful = []
        for old, new in changed:
            if (old, new) not in swapped and self._similarity(old, new, ALIKE):
                self.pair(old, new)
                self.ids_count = True
            else:
                doubtful.append((old, new))
        return doubtful

    def _id_pairs(self) -> Iterator[tuple[int, int]]:
        """Free places of the same id, the first of duplicates on both sides."""
        places: dict[str, int] = {}
        for old in self.free_old():
            if (identity := self.old[old].id) is not None:
                places.setdefault(identity, old)
        for new in self.free_new():
            if (identity := self.new[new].id) is not None and identity in places:
                yield places.pop(identity), new

    def _swapped(self, changed: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Pairs of which one source stands, word for word, on the other side of another pair.

        That is what a tool leaves that numbers cells by place. A copy made by a person has an id
        of its own, so it does not take the original's place.
        """
        before = {self.old[pair[0]].source: pair for pair in changed}
        after = {self.new[pair[1]].source: pair for pair in changed}
        swapped = set()
        for source in before.keys() & after.keys():
            if len(source) > TELLING_LENGTH and before[source] != after[source]:
                swapped |= {before[source], after[source]}
        return swapped

    def _doubtful_ids(self, doubtful: Sequence[tuple[int, int]]) -> None:
        """Believe an id after all, unless one of its cells has a likely partner elsewhere."""
        free_old, free_new = self.free_old(), self.free_new()
        for old, new in doubtful:
            if not self.is_free(old, new):
                continue
            if self._exhausted() or not (
                self._has_partner(old, free_new, new) or self._has_origin(new, free_old, old)
            ):
                self.pair(old, new)
                self.ids_count = True

    def _has_partner(self, old: int, candidates: Iterable[int], but: int) -> bool:
        return len(self.old[old].source) > TELLING_LENGTH and any(
            self._similarity(old, new, SURELY_ALIKE)
            for new in candidates
            if new != but and self.old_of[new] is None
        )

    def _has_origin(self, new: int, candidates: Iterable[int], but: int) -> bool:
        return len(self.new[new].source) > TELLING_LENGTH and any(
            self._similarity(old, new, SURELY_ALIKE)
            for old in candidates
            if old != but and not self.taken[old]
        )

    # Equal sources

    def _same_in_order(self, key: _Key, doubtful: Iterable[tuple[int, int]]) -> None:
        """Pair free cells with the same key, in order.

        Short sources prove nothing against an id, so cells of a doubtful pair take part only
        with telling ones.
        """
        doubted_old = {old for old, _ in doubtful}
        doubted_new = {new for _, new in doubtful}
        old_side = [
            (index, value)
            for index in self.free_old()
            if (value := key(self.old[index], index in doubted_old)) is not None
        ]
        new_side = [
            (index, value)
            for index in self.free_new()
            if (value := key(self.new[index], index in doubted_new)) is not None
        ]
        gaps = seq_diff([value for _, value in old_side], [value for _, value in new_side])
        for old, new in matches(gaps, len(old_side)):
            self.pair(old_side[old][0], new_side[new][0])

    def _same_anywhere(self) -> None:
        """Pair free cells with the same telling source, wherever they stand."""
        places: defaultdict[Hashable, list[int]] = defaultdict(list)
        for index in reversed(self.free_old()):
            places[_type_and_source(self.old[index], telling=True)].append(index)
        for index in self.free_new():
            key = _type_and_source(self.new[index], telling=True)
            if key is not None and places[key]:
                self.pair(places[key].pop(), index)

    # Similar sources

    def _similarity(self, old: int, new: int, floor: float) -> float:
        if self._exhausted():
            return 0.0
        before, after = self.old[old].source, self.new[new].source
        # The comparison works on 64 characters at a time, and on lines of long texts.
        self.work += WORK_PER_PAIR + min(len(before) * len(after), MAX_PRODUCT) // 64
        return similarity(before, after, floor)

    def _exhausted(self) -> bool:
        return self.work >= self.budget

    def _alike_in_gaps(self) -> None:
        for olds, news in self.gaps():
            self._pair_best(_candidates(olds, news), ALIKE)

    def _alike_anywhere(self) -> None:
        olds = [o for o in self.free_old() if len(self.old[o].source) > TELLING_LENGTH]
        news = [n for n in self.free_new() if len(self.new[n].source) > TELLING_LENGTH]
        self._pair_best(((old, new) for old in olds for new in news), SURELY_ALIKE)

    def _pair_best(self, pairs: Iterable[tuple[int, int]], floor: float) -> None:
        """Pair free cells, the most similar first, then the earlier ones."""
        scored = [
            (-score, new, old)
            for old, new in takewhile(lambda _: not self._exhausted(), pairs)
            if (score := self._score(old, new)) >= floor
        ]
        for _, new, old in sorted(scored):
            if self.is_free(old, new):
                self.pair(old, new)

    def _score(self, old: int, new: int) -> float:
        before, after = self.old[old], self.new[new]
        score = self._similarity(old, new, ALIKE - 0.1)
        if score == 0.0:
            return 0.0
        if before.cell_type != after.cell_type:
            score -= 0.1
        if before.outputs and same_json(before.outputs, after.outputs):
            score += 0.1
        # The first part of a cell that was split keeps the cell.
        if after.source and before.source.startswith(after.source):
            score += 0.2
        return score

    def _lonely_in_gaps(self) -> None:
        """One old and one new cell of a type between the same neighbours: rewritten in place.

        A new cell whose id says that it is another one is believed, where ids mean anything.
        """
        for olds, news in self.gaps():
            if len(olds) != 1 or len(news) != 1:
                continue
            before, after = self.old[olds[0]], self.new[news[0]]
            nameless = after.id is None or before.id is None or not self.ids_count
            if nameless and before.cell_type == after.cell_type:
                self.pair(olds[0], news[0])


def _candidates(olds: Sequence[int], news: Sequence[int]) -> Iterator[tuple[int, int]]:
    """All pairs, or in a long gap those at about the same place."""
    many = len(olds) * len(news) > MANY_PAIRS
    for place, old in enumerate(olds):
        middle = place * len(news) // len(olds)
        nearby = news[max(0, middle - WINDOW) : middle + WINDOW] if many else news
        for new in nearby:
            yield old, new
