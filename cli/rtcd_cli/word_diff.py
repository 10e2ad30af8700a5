"""What changed between two texts, word by word inside changed lines; plain values, no terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Change = Literal["same", "gone", "new"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WORD = re.compile(r"\w+|[^\S\n]+|\n|[^\w\s]")
# Below this likeness, words that happen to agree make a change harder to read, not easier.
ALIKE = 0.35
# difflib is quadratic; a block beyond this many words is shown as whole lines.
MOST_WORDS = 4000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text inside one line."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line to show; an unchanged line is one ``same`` piece."""

    pieces: tuple[Piece, ...]

    @property
    def is_changed(self) -> bool:
        """True when anything in it is gone or new."""
        return any(piece.change != "same" for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A run of unchanged lines that is not shown."""

    count: int


def diff_words(old: str, new: str) -> list[DiffLine]:
    """All lines of ``new`` with what changed since ``old``; gone text stays visible as ``gone``."""
    old_lines, new_lines = _LINE.findall(old), _LINE.findall(new)
    shown: list[DiffLine] = []
    matcher = SequenceMatcher(None, old_lines, new_lines, autojunk=len(old_lines) > 2000)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        before, after = old_lines[old_start:old_end], new_lines[new_start:new_end]
        if tag == "equal":
            shown += [_whole_line("same", text) for text in after]
        else:
            shown += _diff_lines(before, after)
    return shown


def fold(lines: Sequence[DiffLine], context: int = 3) -> list[DiffLine | Skipped]:
    """Only the changed lines and ``context`` lines around them."""
    wanted: set[int] = set()
    for number, line in enumerate(lines):
        if line.is_changed:
            wanted.update(range(number - context, number + context + 1))
    folded: list[DiffLine | Skipped] = []
    skipped = 0
    for number, line in enumerate(lines):
        if number in wanted:
            if skipped:
                folded.append(Skipped(skipped))
            skipped = 0
            folded.append(line)
        else:
            skipped += 1
    if skipped:
        folded.append(Skipped(skipped))
    return folded


def _diff_lines(before: Sequence[str], after: Sequence[str]) -> list[DiffLine]:
    """Line against line where their numbers agree, else the whole of both."""
    pairs = list(zip(before, after, strict=False))
    if len(before) != len(after) or any(a.endswith("\n") != b.endswith("\n") for a, b in pairs):
        return _diff_block("".join(before), "".join(after))
    return [
        line for a, b in pairs for line in _diff_block(a.removesuffix("\n"), b.removesuffix("\n"))
    ]


def _diff_block(old: str, new: str) -> list[DiffLine]:
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    if not old_words or not new_words or len(old_words) + len(new_words) > MOST_WORDS:
        return _whole_lines("gone", old) + _whole_lines("new", new)
    matcher = SequenceMatcher(None, old_words, new_words, autojunk=False)
    if matcher.ratio() < ALIKE:
        return _whole_lines("gone", old) + _whole_lines("new", new)
    pieces: list[Piece] = []
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(new_words[new_start:new_end])))
            continue
        pieces.append(Piece("gone", "".join(old_words[old_start:old_end])))
        pieces.append(Piece("new", "".join(new_words[new_start:new_end])))
    return list(_broken_into_lines(pieces))


def _broken_into_lines(pieces: Sequence[Piece]) -> Iterator[DiffLine]:
    line: list[Piece] = []
    for piece in pieces:
        *whole, rest = piece.text.split("\n")
        for text in whole:
            # The end of a line is itself a change; it is shown as one.
            ended = text if piece.change == "same" else text + "\n"
            line.append(Piece(piece.change, ended))
            yield DiffLine(tuple(item for item in line if item.text))
            line = []
        if rest:
            line.append(Piece(piece.change, rest))
    if line:
        yield DiffLine(tuple(line))


def _whole_lines(change: Change, text: str) -> list[DiffLine]:
    return [_whole_line(change, line) for line in _LINE.findall(text)]


def _whole_line(change: Change, text: str) -> DiffLine:
    return DiffLine((Piece(change, text.removesuffix("\n")),))
