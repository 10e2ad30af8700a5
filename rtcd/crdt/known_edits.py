"""Sets of edit ids: which edits somebody is known to have."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rtcd.crdt.edit_span import EditSpan, Range


@dataclass(slots=True)
class RangeSet:
    """Whole numbers, kept as sorted ranges [start, end) that neither overlap nor touch."""

    _starts: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[Range]:
        return zip(self._starts, self._ends, strict=True)

    def add(self, start: int, end: int) -> None:
        """Put the numbers from ``start`` up to before ``end`` in."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def gaps(self, start: int, end: int) -> list[Range]:
        """The parts of ``start`` up to before ``end`` that are not in."""
        found = []
        at = bisect_right(self._ends, start)
        while start < end and at < len(self._starts) and self._starts[at] < end:
            if start < self._starts[at]:
                found.append((start, self._starts[at]))
            start = self._ends[at]
            at += 1
        if start < end:
            found.append((start, end))
        return found


Ranges = dict[int, RangeSet]


@dataclass(slots=True)
class KnownEdits:
    """Ids of insertions and of deletions, by client."""

    inserted: Ranges = field(default_factory=dict)
    deleted: Ranges = field(default_factory=dict)

    def add(self, span: EditSpan) -> None:
        """These too are known from here on."""
        for known, new in ((self.inserted, span.inserted), (self.deleted, span.deleted)):
            for client, ranges in new.items():
                target = known.setdefault(client, RangeSet())
                for start, end in ranges:
                    target.add(start, end)

    def covers(self, span: EditSpan) -> bool:
        """True when nothing in ``span`` is new."""
        return not missing(self.inserted, span.inserted) and not missing(self.deleted, span.deleted)


def missing(
    known: Mapping[int, RangeSet], ranges: Mapping[int, Iterable[Range]]
) -> dict[int, tuple[Range, ...]]:
    """The parts of ``ranges`` that are not known, without empty entries."""
    nothing = RangeSet()
    found = {
        client: tuple(gap for one in some for gap in known.get(client, nothing).gaps(*one))
        for client, some in ranges.items()
    }
    return {client: gaps for client, gaps in found.items() if gaps}
