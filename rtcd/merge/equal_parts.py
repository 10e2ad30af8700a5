"""What several contents have in common and nobody needs to compare. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, compress, count, pairwise
from operator import not_

from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.diff.common_ends import common_prefix, common_suffix
from rtcd.merge.tokens import LARGE

MIN_TRIMMED = 4_000
"""Code points: shorter texts are compared whole, and their tokens remembered."""

EQUAL_PART = 2_000
"""Code points: a part of this length that all texts have once is the same part in all of them."""

MOST_MARKS = 32
"""Cells: a longer row that all notebooks have weighs no more; nobody moves a changed cell past it."""


def without_equal_parts(contents: Sequence[Content]) -> Sequence[Content] | None:
    """The contents without long parts that all of them have, or None where that would not help."""
    texts = [one for one in contents if isinstance(one, TextContent)]
    if len(texts) == len(contents):
        return _texts_without_equal_parts(texts)
    notebooks = [one for one in contents if isinstance(one, NotebookContent)]
    return _without_equal_cells(notebooks) if not texts else None


def _without_equal_cells(notebooks: Sequence[NotebookContent]) -> list[NotebookContent] | None:
    """Notebooks with marks in the place of cells that all have, as one object, in one order.

    Cells that follow each other in all of them have a mark each, up to ``MOST_MARKS``.
    """
    rows = [[*map(id, notebook.cells)] for notebook in notebooks]
    common = set(rows[0]).intersection(*rows[1:])
    others = [[*compress(count(), map(not_, map(common.__contains__, row)))] for row in rows]
    orders = [_without_places(row, places) for row, places in zip(rows, others, strict=True)]
    length = len(orders[0])
    if not common or length > len(common) or any(order != orders[0] for order in orders):
        return None
    # Behind how many of the common cells some notebook has others.
    ends = {place - number for places in others for number, place in enumerate(places)}
    marks = {
        start: [Cell(None, f"kept {n}", "") for n in range(start, min(end, start + MOST_MARKS))]
        for start, end in pairwise(sorted(ends | {0, length}))
    }
    return [
        replace(notebook, cells=_with_marks(notebook.cells, places, marks, length))
        for notebook, places in zip(notebooks, others, strict=True)
    ]


def _without_places(row: list[int], places: Sequence[int]) -> list[int]:
    kept = row.copy()
    for place in reversed(places):
        del kept[place]
    return kept


def _with_marks(
    cells: Sequence[Cell], others: Sequence[int], marks: Mapping[int, Sequence[Cell]], length: int
) -> tuple[Cell, ...]:
    """The cells at these places, and for runs of the common ones, by where they begin, marks."""
    behind: defaultdict[int, list[Cell]] = defaultdict(list)
    for number, place in enumerate(others):
        behind[place - number].append(cells[place])
    runs = (chain(behind[start], run) for start, run in marks.items())
    return (*chain.from_iterable(runs), *behind[length])


def _texts_without_equal_parts(contents: Sequence[TextContent]) -> list[TextContent] | None:
    """Texts without their equal ends, and without what lies between edits.

    Somebody types at the end of a large file, and a save changes its beginning: nothing in between
    needs to be compared, and no distance changes by that. None for short texts, and for changes all
    over a text. The tokens of whole texts are remembered from save to save, those of such parts are
    not, so all parts together have to be shorter than one text; but for large ones, which are
    compared by words only where little is left.
    """
    texts = [content.text for content in contents]
    if len(texts[0]) < MIN_TRIMMED:
        return None
    kept: list[list[str]] = [[] for _ in texts]
    _keep_different_parts(texts, kept)
    times = len(texts) if len(texts[0]) <= LARGE else 2
    if times * sum(map(len, kept[0])) > len(texts[0]):
        return None
    return [TextContent("".join(parts)) for parts in kept]


def _keep_different_parts(texts: list[str], kept: list[list[str]]) -> None:
    first = texts[0]
    head, tail = _equal_ends(texts)
    if head + tail:
        texts = [text[head : len(text) - tail] for text in texts]
        first = texts[0]
    found = _part_of_all(texts) if len(first) > 4 * EQUAL_PART else None
    if found is None:
        for parts, text in zip(kept, texts, strict=True):
            parts.append(text)
        return
    length, places = found
    _keep_different_parts([t[:at] for t, at in zip(texts, places, strict=True)], kept)
    _keep_different_parts([t[at + length :] for t, at in zip(texts, places, strict=True)], kept)


def _equal_ends(texts: Sequence[str]) -> tuple[int, int]:
    """Lengths of the whole lines that all texts begin and end with."""
    first = texts[0]
    head = min(common_prefix(first, text) for text in texts[1:])
    tail = min(common_suffix(first, text) for text in texts[1:])
    head = first.rfind("\n", 0, head) + 1
    line_end = first.find("\n", len(first) - tail)
    tail = len(first) - line_end - 1 if line_end >= 0 else 0
    return head, max(0, min(tail, min(map(len, texts)) - head))


def _part_of_all(texts: Sequence[str]) -> tuple[int, list[int]] | None:
    """Length and places of whole lines near the middle that every text has exactly once."""
    first = texts[0]
    start = first.find("\n", len(first) // 2) + 1
    end = first.find("\n", start + EQUAL_PART) + 1
    if start == 0 or end == 0:
        return None
    part = first[start:end]
    places = [text.find(part) for text in texts]
    if any(at < 0 for at in places):
        return None
    if any(at and text[at - 1] != "\n" for text, at in zip(texts, places, strict=True)):
        return None
    if any(text.find(part, at + 1) >= 0 for text, at in zip(texts, places, strict=True)):
        return None
    return end - start, places
