"""A content as a row of small numbers, so that two versions can be compared in microseconds.

A token is a word or one punctuation mark. Blanks, quotes, commas, parentheses and backslashes do
not count: a formatter changes those all over a file and would drown what people did (merging 4.2).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz.distance import Postfix, Prefix

from rtcd.content import Content, TextContent, canonical_json, cell_meaning

TOKEN = re.compile(r"""\w+|[^\w\s"'`,()\\]""")
LARGE = 400_000
"""Code points, some 10^5 tokens: beyond it lines are compared instead of tokens."""

SURROGATES = 0xD800
SURROGATE_COUNT = 0x800
MIN_TRIMMED = 4_000
"""Code points: shorter texts are compared whole, and their tokens remembered."""

EQUAL_PART = 2_000
"""Code points: a part of this length that all texts have once is the same part in all of them."""

SPARE_PLACES = 8
SPARE_MARKS = 100_000
"""So many tokens and lines are some 15 MB; beyond it those of texts that are gone are forgotten."""

MAX_NUMBERS = 0x10FFFF - SURROGATE_COUNT


class _Marks(dict[str, str]):
    """A character for each token, given when it is met first.

    A row of them is a string, because rapidfuzz reads strings several times faster than lists.
    """

    def __missing__(self, token: str) -> str:
        number = len(self) % MAX_NUMBERS
        mark = self[token] = chr(number if number < SURROGATES else number + SURROGATE_COUNT)
        return mark


class TokenCache:
    """Tokens of the contents seen lately; compares contents that come back again and again.

    Attributes:
        size: how many contents are remembered.
    """

    def __init__(self, size: int = 32) -> None:
        self.size = size
        self._marks = _Marks()
        # Versions of a file have nearly all of their lines in common.
        self._lines: dict[str, str] = {}
        self._enough = SPARE_MARKS
        self._is_new = True
        # By identity; the content is kept with its rows, so that the identity stays its own.
        self._rows: OrderedDict[tuple[int, str], tuple[Content, str]] = OrderedDict()

    def expect(self, contents: int) -> None:
        """A comparison begins, of so many contents: remember all, in two grains, and not more.

        One place too few, and going through them in turn would find nothing remembered. What was
        remembered is forgotten here and nowhere else, when most of it must be of texts that are
        gone: the rows of one comparison have to be of one making.
        """
        self.size = 2 * contents + SPARE_PLACES
        held = self.held
        if self._is_new and held:
            self._is_new = False
            self._enough = max(SPARE_MARKS, 3 * held)
        if held > self._enough:
            self._marks.clear()
            self._lines.clear()
            self._rows.clear()
            self._is_new = True

    @property
    def held(self) -> int:
        """How many tokens and lines are remembered."""
        return len(self._marks) + len(self._lines)

    def words(self, content: Content, *, coarse: bool) -> str:
        """The content's tokens (its lines where ``coarse``), one character for each."""
        return self._row(content, "lines" if coarse else "words")

    def details(self, content: Content) -> str:
        """Lines as they stand, or whole cells with outputs: what ``words`` does not see."""
        return self._row(content, "details")

    def _row(self, content: Content, grain: str) -> str:
        key = id(content), grain
        if key not in self._rows:
            row = "".join(self._pieces(content, grain))
            self._rows[key] = content, row
            while len(self._rows) > self.size:
                self._rows.popitem(last=False)
        self._rows.move_to_end(key)
        return self._rows[key][1]

    def _pieces(self, content: Content, grain: str) -> Iterator[str]:
        if isinstance(content, TextContent):
            yield from self._of_text(content.text, grain)
            return
        for cell in content.cells:
            if grain == "details":
                yield self._marks[canonical_json({**cell_meaning(cell), "id": None})]
            else:
                # A mark that no source can hold keeps cells apart and their types in sight.
                yield self._marks[f"\0cell {cell.cell_type}"]
                yield from self._of_text(cell.source, grain)
        if grain == "details":
            yield self._marks[canonical_json(content.metadata)]

    def _of_text(self, text: str, grain: str) -> Iterable[str]:
        mark = self._marks.__getitem__
        lines = text.split("\n")
        if grain == "lines":
            return map(mark, map(str.strip, lines))
        return map(mark, lines) if grain == "details" else map(self._words_of_line, lines)

    def _words_of_line(self, line: str) -> str:
        """No token goes beyond its line."""
        row = self._lines.get(line)
        if row is None:
            row = self._lines[line] = "".join(map(self._marks.__getitem__, TOKEN.findall(line)))
        return row


def is_large(content: Content) -> bool:
    """True when lines have to do instead of tokens."""
    if isinstance(content, TextContent):
        return len(content.text) > LARGE
    return sum(len(cell.source) for cell in content.cells) > LARGE


def without_equal_parts(contents: Sequence[Content]) -> Sequence[TextContent] | None:
    """Texts without long parts that all of them have: their ends, and what lies between edits.

    Somebody types at the end of a large file, and a save changes its beginning: nothing in between
    needs to be compared, and no distance changes by that. None where it would not help: for
    for notebooks, short texts, and changes all over a text. The tokens of whole texts are remembered
    from save to save, those of such parts are not, so all parts together have to be shorter than one
    text; but for large ones, which are compared by words only where little is left.
    """
    texts = [content.text for content in contents if isinstance(content, TextContent)]
    if len(texts) < len(contents) or len(texts[0]) < MIN_TRIMMED:
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
    head = min(Prefix.similarity(first, text) for text in texts[1:])
    tail = min(Postfix.similarity(first, text) for text in texts[1:])
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
