"""Lines that both sides added at one place, in another order: there once, not twice. Pure.

After a lost server several daemons bring the same lines back, each merged by content, so that
they need not stand in the same order everywhere. The alignment of the two insertions then finds
only a part of what they share; this finds the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

MIN_SIGNS = 8
"""A line of so many signs between one common neighbour is hardly typed twice."""


def without_repeated_lines(base: str, ours: str, theirs: str, merged: str) -> str:
    """``merged`` without the second copy of lines that both sides added once at one place."""
    old = base.splitlines()
    mine, other, all_lines = (text.splitlines() for text in (ours, theirs, merged))
    known, in_mine, in_other = set(old), Counter(mine), Counter(other)
    twice = {
        line
        for line, count in Counter(all_lines).items()
        if count == 2 and line not in known and in_mine[line] == in_other[line] == 1
    }
    stayed = known.intersection(mine, other)
    repeated = {line for line in twice if _is_at_one_place(line, mine, other, stayed)}
    if not repeated:
        return merged
    kept: list[str] = []
    for line in merged.splitlines(keepends=True):
        text = line.rstrip("\r\n")
        if text in repeated:
            if text in twice:
                twice.discard(text)
            else:
                continue
        kept.append(line)
    return "".join(kept)


def _is_at_one_place(
    line: str, mine: Sequence[str], other: Sequence[str], stayed: Collection[str]
) -> bool:
    """The nearest lines around it that neither side has taken out are the same on both sides."""
    here, there = _neighbours(line, mine, stayed), _neighbours(line, other, stayed)
    same = [one == another for one, another in zip(here, there, strict=True)]
    return all(same) or (any(same) and len(line.strip()) >= MIN_SIGNS)


def _neighbours(
    line: str, lines: Sequence[str], stayed: Collection[str]
) -> tuple[str | None, str | None]:
    place = lines.index(line)
    before = next((one for one in reversed(lines[:place]) if one in stayed), None)
    after = next((one for one in lines[place + 1 :] if one in stayed), None)
    return before, after
