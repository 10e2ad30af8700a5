"""Three texts into one, by temporary CRDT documents.

The CRDT merges the two edits; before it does, three things are settled that it cannot know:

* text that both sides inserted at one place is put into the base, so that it is there once;
* lines that one side deleted and the other edited are given back to the side that deleted them;
* what both sides did to one line is reported.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rtcd.content import TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.diff.edits import TextEdit, apply_edits
from rtcd.diff.sequences import seq_diff
from rtcd.diff.text import diff_text
from rtcd.documents.text_document import TextDocument
from rtcd.merge.merged import Overlap
from rtcd.merge.repeated_lines import without_repeated_lines
from rtcd.merge.shared_insertions import common_insertion, words_of

THEIRS_ID = 2
OURS_ID = 3
"""Client ids of the temporary documents; at one place the smaller one's text comes first."""

MAX_SLIDE = 2_000


@dataclass(frozen=True, slots=True)
class TextMerge:
    """The merged text, the sides it came from, and the reasons for a record."""

    text: str
    base: str
    ours: str
    theirs: str
    reasons: tuple[str, ...] = ()
    by_content: bool = False

    def overlaps(self, cell: str | None) -> tuple[Overlap, ...]:
        """The records, for a cell or (None) a text file."""
        return tuple(
            Overlap(cell, self.base, self.ours, self.theirs, self.text, reason)
            for reason in self.reasons
        )


def merge_text(base: str, ours: str, theirs: str) -> TextMerge:
    """Merge two versions of a text that both came from ``base``."""
    merge = TextMerge(theirs, base, ours, theirs)
    if ours in (base, theirs):
        return merge
    if theirs == base:
        return replace(merge, text=ours)
    mine, other = diff_text(base, ours), diff_text(base, theirs)
    lines = _Lines(base)
    my_kept, other_kept = _edit_wins(lines, mine, other), _edit_wins(lines, other, mine)
    shared = _shared_insertions(base, my_kept, other_kept)
    start, my_text, other_text = (
        apply_edits(base, edits) for edits in (shared, my_kept, other_kept)
    )
    reasons = []
    if my_kept != mine or other_kept != other:
        reasons.append("delete-edit")
    # Where one side only has what the other has too, nobody chose anything.
    if start not in (my_text, other_text) and _same_line(lines, my_kept, other_kept):
        reasons.append("same-line")
    crdt_text = (
        _merge_by_crdt(start, diff_text(start, my_text), diff_text(start, other_text))
        if shared
        else _merge_by_crdt(base, my_kept, other_kept)
    )
    text = without_repeated_lines(base, my_text, other_text, crdt_text)
    by_content = bool(shared) or my_kept != mine or other_kept != other or text != crdt_text
    return replace(merge, text=text, reasons=tuple(reasons), by_content=by_content)


def union_text(ours: str, theirs: str) -> TextMerge:
    """Every line of both texts, common lines once; where they differ theirs come first."""
    merge = TextMerge(theirs, "", ours, theirs, by_content=True)
    if ours == theirs or not ours:
        return merge
    if not theirs:
        return replace(merge, text=ours)
    # Without the last line's end, so that a text without one has the same last line.
    old, new = theirs.removesuffix("\n").split("\n"), ours.removesuffix("\n").split("\n")
    lines: list[str] = []
    at = 0
    for gap in seq_diff(old, new):
        lines += old[at : gap.old_end]
        lines += new[gap.new_start : gap.new_end]
        at = gap.old_end
    lines += old[at:]
    end = "\n" if ours.endswith("\n") or theirs.endswith("\n") else ""
    return replace(merge, text="\n".join(lines) + end, reasons=("both-created",))


def _merge_by_crdt(base: str, ours: Sequence[TextEdit], theirs: Sequence[TextEdit]) -> str:
    """Both lists of edits made in the base at the same time."""
    if not ours or not theirs:
        return apply_edits(base, ours or theirs)
    start = TextDocument(SharedDoc())
    start.become(TextContent(base))
    state = start.shared.update_since()
    merged = _side(state, THEIRS_ID, theirs)
    mine = _side(state, OURS_ID, ours)
    merged.shared.apply_update(mine.shared.update_since(start.shared.state_vector()))
    return merged.content().text


def _side(state: bytes, client_id: int, edits: Sequence[TextEdit]) -> TextDocument:
    shared = SharedDoc(client_id=client_id)
    shared.apply_update(state)
    document = TextDocument(shared)
    document.edit(edits)
    return document


# Which lines an edit touches


class _Lines:
    """Where the lines of a text begin."""

    def __init__(self, text: str) -> None:
        self.starts = [0]
        at = text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)
        self.end = len(text)

    def is_start(self, offset: int) -> bool:
        """A line begins here, or the text ends here."""
        place = bisect_left(self.starts, offset)
        found = place < len(self.starts) and self.starts[place] == offset
        return found or offset == self.end

    def around(self, offset: int) -> int:
        """Number of the line that holds this offset."""
        return bisect_right(self.starts, offset) - 1

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Offsets of whole lines, ``last`` included."""
        end = self.starts[last + 1] if last + 1 < len(self.starts) else self.end
        return self.starts[first], end

    def touched(self, edit: TextEdit) -> tuple[int, int] | None:
        """First and last line that an edit changes; None when it only adds whole lines."""
        first = self.around(edit.start)
        if edit.start == edit.end:
            whole = self.is_start(edit.start) and (
                edit.text.endswith("\n") or edit.start == self.end
            )
            at_line_end = edit.text.startswith("\n") and self.is_start(edit.start + 1)
            return None if whole or at_line_end else (first, first)
        return first, self.around(edit.end - 1)


def _edit_wins(
    lines: _Lines, edits: tuple[TextEdit, ...], others: Sequence[TextEdit]
) -> tuple[TextEdit, ...]:
    """These edits without the deletion of whole lines that the others have changed."""
    kept: list[TextEdit] = []
    changed = False
    for edit in edits:
        is_deletion = not edit.text and lines.is_start(edit.start) and lines.is_start(edit.end)
        spared = list(_edited_lines(lines, edit, others)) if is_deletion else []
        if not spared:
            kept.append(edit)
            continue
        changed = True
        at = edit.start
        for start, end in [*spared, (edit.end, edit.end)]:
            if at < start:
                kept.append(TextEdit(at, start, ""))
            at = max(at, end)
    return tuple(kept) if changed else edits


def _edited_lines(
    lines: _Lines, deletion: TextEdit, others: Sequence[TextEdit]
) -> Iterator[tuple[int, int]]:
    """Spans of whole lines inside the deletion which the others changed and did not delete."""
    for other in others[_first_behind(others, deletion.start) :]:
        if other.start > deletion.end:
            return
        touched = lines.touched(other)
        if touched is None or (not other.text and _is_whole(lines, other)):
            continue
        start, end = lines.span(*touched)
        start, end = max(start, deletion.start), min(end, deletion.end)
        if start < end:
            yield start, end


def _is_whole(lines: _Lines, edit: TextEdit) -> bool:
    return lines.is_start(edit.start) and lines.is_start(edit.end)


def _first_behind(edits: Sequence[TextEdit], offset: int) -> int:
    """The first edit that ends at or behind the offset."""
    return bisect_left(edits, offset, key=lambda edit: edit.end)


def _same_line(lines: _Lines, mine: Sequence[TextEdit], other: Sequence[TextEdit]) -> bool:
    """Some line was changed by both, and not in the same way."""
    spans = [(span, edit) for edit in other if (span := lines.touched(edit)) is not None]
    at = 0
    for edit in mine:
        touched = lines.touched(edit)
        if touched is None:
            continue
        while at < len(spans) and spans[at][0][1] < touched[0]:
            at += 1
        for (first, _), their in spans[at:]:
            if first > touched[1]:
                break
            if their != edit:
                return True
    return False


# The same text twice


@dataclass(frozen=True, slots=True)
class _Insertion:
    """Inserted text that may be told to stand anywhere from ``low`` to ``high``."""

    at: int
    low: int
    high: int
    text: str
    turns: bool

    def told_at(self, where: int) -> str:
        """The text when it is told to be inserted there."""
        if not self.turns:
            return self.text
        turn = (where - self.at) % len(self.text)
        return self.text[turn:] + self.text[:turn]

    def without(self, common: str, where: int) -> _Insertion:
        """What is left behind the text that was found to be shared."""
        text = self.told_at(where)
        last = common.split("\n")[-1] or common.split("\n")[-2]
        rest = text[text.rfind(last.strip()) + len(last.strip()) :]
        return _Insertion(where, where, self.high, rest, turns=False)


def _shared_insertions(
    base: str, mine: Sequence[TextEdit], other: Sequence[TextEdit]
) -> list[TextEdit]:
    """What both inserted at one place, as insertions into the base."""
    my_queue, their_queue = _insertions(base, mine), _insertions(base, other)
    found: list[TextEdit] = []
    known: frozenset[str] | None = None
    while my_queue and their_queue:
        my, their = my_queue[-1], their_queue[-1]
        behind = my_queue if my.high <= their.high else their_queue
        if my.low <= their.high and their.low <= my.high:
            known = words_of(base) if known is None else known
            where = _common_place(my, their)
            text = _common_text(base, my, their, where, known)
            if text:
                found.append(TextEdit(where, where, text))
                my_queue[-1] = my.without(text, where)
                their_queue[-1] = their.without(text, where)
        behind.pop()
    return _joined(found)


def _common_place(my: _Insertion, their: _Insertion) -> int:
    # The places the differ chose lie at line borders; others may lie inside a line.
    low, high = max(my.low, their.low), min(my.high, their.high)
    return next((place for place in (my.at, their.at) if low <= place <= high), low)


def _common_text(
    base: str, my: _Insertion, their: _Insertion, where: int, known: frozenset[str]
) -> str:
    return common_insertion(
        my.told_at(where),
        their.told_at(where),
        known,
        left=base[max(where - 1, 0) : where],
        right=base[where : where + 1],
    )


def _insertions(base: str, edits: Sequence[TextEdit]) -> list[_Insertion]:
    """The insertions among the edits, the first one last.

    Edits with nothing but blanks between them are one change told in pieces, and what they insert
    may be told to stand anywhere in it.
    """
    changes: list[list[TextEdit]] = []
    for edit in edits:
        if changes and base[changes[-1][-1].end : edit.start].isspace():
            changes[-1].append(edit)
        else:
            changes.append([edit])
    found: list[_Insertion] = []
    for change in reversed(changes):
        first, last = change[0], change[-1]
        if not any(edit.text for edit in change):
            continue
        if first is last:
            low, high = _reach(base, first)
            turns = first.start == first.end
            found.append(_Insertion(first.start, low, high, first.text, turns=turns))
            continue
        moved = [TextEdit(e.start - first.start, e.end - first.start, e.text) for e in change]
        text = apply_edits(base[first.start : last.end], moved)
        found.append(_Insertion(first.start, first.start, last.end, text, turns=False))
    return found


def _reach(base: str, edit: TextEdit) -> tuple[int, int]:
    """Offsets at which the edit's text may be said to stand: the same text can be told twice."""
    start, end, text = edit.start, edit.end, edit.text
    if start != end or not text:
        return start, end
    length = len(text)
    low = high = 0
    while low < MAX_SLIDE and start > low and base[start - low - 1] == text[-1 - low % length]:
        low += 1
    while high < MAX_SLIDE and end + high < len(base) and base[end + high] == text[high % length]:
        high += 1
    return start - low, end + high


def _joined(found: Sequence[TextEdit]) -> list[TextEdit]:
    joined: list[TextEdit] = []
    for edit in found:
        if joined and joined[-1].start == edit.start:
            edit = TextEdit(edit.start, edit.start, joined.pop().text + edit.text)
        joined.append(edit)
    return joined
