"""A content as a row of small numbers, so that two versions can be compared in microseconds.

A token is a word or one punctuation mark. Blanks, quotes, commas, parentheses and backslashes do
not count: a formatter changes those all over a file and would drown what people did (merging 4.2).
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rtcd.content import Content, NotebookContent, TextContent, canonical_json, cell_meaning
from rtcd.diff.common_ends import common_prefix, common_suffix
from rtcd.merge.score import Distances

TOKEN = re.compile(r"""\w+|[^\w\s"'`,()\\]""")
LARGE = 400_000
"""Code points, some 10^5 tokens: beyond it lines are compared instead of tokens."""

SURROGATES = 0xD800
SURROGATE_COUNT = 0x800
SPARE_PLACES = 8
SPARE_BYTES = 1_000_000
"""So much of texts that are gone may be remembered beside a small one; see ``TokenCache.expect``."""

ENTRY_BYTES = 150
"""A token or line in a dictionary, beside its own characters."""

MAX_NUMBERS = 0x10FFFF - SURROGATE_COUNT


class _Marks(dict[str, str]):
    """A character for each token, given when it is met first.

    A row of them is a string, because rapidfuzz reads strings several times faster than lists.
    """

    def __init__(self) -> None:
        self.bytes = 0

    def __missing__(self, token: str) -> str:
        self.bytes += ENTRY_BYTES + len(token)
        number = len(self) % MAX_NUMBERS
        mark = self[token] = chr(number if number < SURROGATES else number + SURROGATE_COUNT)
        return mark


class _Lines(dict[str, str]):
    """The row of each line; versions of a file have nearly all of their lines in common."""

    def __init__(self, marks: _Marks) -> None:
        self._mark = marks.__getitem__
        self.bytes = 0

    def __missing__(self, line: str) -> str:
        self.bytes += ENTRY_BYTES + 2 * len(line)
        # No token goes beyond its line.
        row = self[line] = "".join(map(self._mark, TOKEN.findall(line)))
        return row


WITH_IDS: Final = ", ids"
"""Behind the name of a grain: a cell's id tells it from others."""


class TokenCache:
    """Tokens of the contents seen lately; compares contents that come back again and again.

    Attributes:
        size: how many contents are remembered.
        distances: those of rows made here; another cache's mean something else.
    """

    def __init__(self, size: int = 32) -> None:
        self.size = size
        self.distances = Distances()
        self._marks = _Marks()
        self._lines = _Lines(self._marks)
        self._enough = SPARE_BYTES
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
        self.distances.begin()
        held = self.held
        if self._is_new and held:
            self._is_new = False
            self._enough = max(SPARE_BYTES, 2 * held)
        if held > self._enough:
            self._marks = _Marks()
            self._lines = _Lines(self._marks)
            self._rows.clear()
            self.distances = Distances()
            self._is_new = True

    @property
    def held(self) -> int:
        """Bytes of the tokens and lines that are remembered, roughly."""
        return self._marks.bytes + self._lines.bytes

    def prepare(self, content: Content) -> None:
        """Learn the lines of a content while nobody waits for it; of a large one only a save asks.

        Nothing takes longer when a formatter's save is the first one that has to be compared.
        """
        if not is_large(content) and self.held <= self._enough:
            # The rows themselves are quickly made of known lines, and would take more memory.
            deque(self._parts(content, "words"), maxlen=0)

    def words(self, content: Content, *, coarse: bool, ids: bool = False) -> str:
        """The content's tokens (its lines where ``coarse``), one character for each.

        With ``ids`` a cell is another one when its id is another one.
        """
        return self._row(content, ("lines" if coarse else "words") + (WITH_IDS if ids else ""))

    def details(self, content: Content) -> str:
        """Lines as they stand, or whole cells with outputs: what ``words`` does not see."""
        return self._row(content, "details")

    def _row(self, content: Content, grain: str) -> str:
        key = id(content), grain
        if key not in self._rows:
            row = "".join(self._parts(content, grain))
            self._rows[key] = content, row
            while len(self._rows) > self.size:
                self._rows.popitem(last=False)
        self._rows.move_to_end(key)
        return self._rows[key][1]

    def _parts(self, content: Content, grain: str) -> Iterable[str]:
        if isinstance(content, TextContent):
            return self._text_parts(content.text, grain)
        return self._of_cells(content, grain)

    def _text_parts(self, text: str, grain: str) -> Sequence[str]:
        """Parts of the row of a text; what the text looked at last has, too, is taken from there."""
        like = next(
            (
                (content.text, row)
                for (_, known), (content, row) in reversed(self._rows.items())
                if known == grain and isinstance(content, TextContent)
            ),
            None,
        )
        shared = None if like is None else shared_lines(like[0], text)
        if like is None or shared is None:
            return self._of_text(text, grain)
        old, row = like
        head, old_tail, tail = shared
        gone = self._length(old, head, old_tail, grain)
        if head <= len(text) - tail:
            first = self._length(old, 0, head, grain)
            last = first + gone
        else:
            last = len(row) - self._length(old, old_tail, len(old) + 1, grain)
            first = last - gone
        return (row[:first], *self._of_lines(text, head, tail, grain), row[last:])

    def _length(self, text: str, start: int, end: int, grain: str) -> int:
        return sum(map(len, self._of_lines(text, start, end, grain)))

    def _of_lines(self, text: str, start: int, end: int, grain: str) -> Sequence[str]:
        """Of the lines from one line start up to another one, which may be that of no line."""
        return self._of_text(text[start : end - 1], grain) if start < end else ()

    def _of_cells(self, content: NotebookContent, grain: str) -> Iterator[str]:
        has_ids = grain.endswith(WITH_IDS)
        grain = grain.removesuffix(WITH_IDS)
        for cell in content.cells:
            if grain == "details":
                yield self._marks[canonical_json({**cell_meaning(cell), "id": None})]
            else:
                # A mark that no source can hold keeps cells apart and their types in sight.
                name = f"\0cell {cell.cell_type}"
                yield self._marks[f"{name} {cell.id}" if has_ids else name]
                yield from self._of_text(cell.source, grain)
        if grain == "details":
            yield self._marks[canonical_json(content.metadata)]

    def _of_text(self, text: str, grain: str) -> Sequence[str]:
        lines = text.split("\n")
        if grain == "words":
            return [*map(self._lines.__getitem__, lines)]
        return [*map(self._marks.__getitem__, map(str.strip, lines) if grain == "lines" else lines)]


def shared_lines(old: str, new: str) -> tuple[int, int, int] | None:
    """The whole lines that two texts begin and end with, if that is most of both.

    Returns:
        The length of the first lines; where the last lines begin in the old text, and in the new
        one, which is behind the end of a text when there are none.
    """
    head = new.rfind("\n", 0, common_prefix(old, new)) + 1
    tail = min(common_suffix(old, new), min(len(old), len(new)) - head)
    line_end = new.find("\n", len(new) - tail)
    tail = len(new) - line_end if line_end >= 0 else 0
    if 2 * (head + tail) < max(len(old), len(new)):
        return None
    return head, len(old) - tail + 1, len(new) - tail + 1


def is_large(content: Content) -> bool:
    """True when lines have to do instead of tokens."""
    if isinstance(content, TextContent):
        return len(content.text) > LARGE
    return sum(len(cell.source) for cell in content.cells) > LARGE
