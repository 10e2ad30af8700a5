"""Three texts into one, by temporary CRDT documents.

The CRDT merges the two edits; before it does, three things are settled that it cannot know:

* text that both sides inserted at one place is put into the base, so that it is there once;
* lines that one side deleted and the other edited are given back to the side that deleted them;
* what both sides did to one line is reported.

In a long text only the parts are looked at in which both sides have edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rtcd.diff.edits import TextEdit, apply_edits, shifted
from rtcd.diff.sequences import seq_diff
from rtcd.diff.text import diff_text
from rtcd.merge.crdt_merge import merge_by_crdt
from rtcd.merge.insertions import shared_insertions
from rtcd.merge.line_slides import slid_lines, unglued
from rtcd.merge.merged import Overlap
from rtcd.merge.repeated_lines import without_repeated_lines
from rtcd.merge.text_regions import regions_of
from rtcd.merge.touched_lines import Lines, edit_wins, same_line

LONG = 20_000
"""Code points: shorter texts are merged whole."""

MAX_ROUNDS = 3
"""So often what both have inserted is looked for again, in the base that has what was found."""


@dataclass(frozen=True, slots=True)
class TextMerge:
    """The merged text, the sides it came from, and the reasons for a record.

    ``our_edits`` lead from the base to our side, ``news`` from their side to the merged text,
    where that is known already (None: where it is not).
    """

    text: str
    base: str
    ours: str
    theirs: str
    reasons: tuple[str, ...] = ()
    by_content: bool = False
    our_edits: tuple[TextEdit, ...] | None = field(default=None, compare=False)
    news: tuple[TextEdit, ...] | None = field(default=None, compare=False)

    def overlaps(self, cell: str | None) -> tuple[Overlap, ...]:
        """The records, for a cell or (None) a text file."""
        return tuple(
            Overlap(cell, self.base, self.ours, self.theirs, self.text, reason)
            for reason in self.reasons
        )


def merge_text(
    base: str, ours: str, theirs: str, our_edits: Sequence[TextEdit] | None = None
) -> TextMerge:
    """Merge two versions of a text that both came from ``base``; ``our_edits`` if known."""
    merge = TextMerge(theirs, base, ours, theirs)
    if ours in (base, theirs):
        return merge
    if theirs == base:
        return replace(merge, text=ours)
    mine = diff_text(base, ours) if our_edits is None else tuple(our_edits)
    other = diff_text(base, theirs)
    merge = replace(merge, our_edits=mine)
    if len(base) < LONG:
        part = _merge_part(base, mine, other, whole=base)
        return replace(merge, text=part.text, reasons=part.reasons, by_content=part.by_content)
    return _merge_long(merge, mine, other)


def _merge_long(merge: TextMerge, mine: Sequence[TextEdit], other: Sequence[TextEdit]) -> TextMerge:
    """The same region by region, so that the length of the text costs next to nothing."""
    base = merge.base
    news: list[TextEdit] = []
    reasons: dict[str, None] = {}
    by_content = False
    # How far a place of the base is moved in their text.
    moved = 0
    for region in regions_of(base, mine, other):
        if region.mine and region.other:
            text = region.text(base)
            ours, theirs = (shifted(side, -region.start) for side in (region.mine, region.other))
            part = _merge_part(text, ours, theirs, whole=base)
            edits = diff_text(apply_edits(text, theirs), part.text)
            reasons |= dict.fromkeys(part.reasons)
            by_content = by_content or part.by_content
            news += shifted(edits, region.start + moved)
        else:
            news += shifted(region.mine, moved)
        moved += sum(len(edit.text) - (edit.end - edit.start) for edit in region.other)
    return replace(
        merge,
        text=apply_edits(merge.theirs, news),
        reasons=tuple(reasons),
        by_content=by_content,
        news=tuple(news),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What becomes of a text, or a region of it."""

    text: str
    reasons: tuple[str, ...]
    by_content: bool


def _merge_part(
    base: str, mine: tuple[TextEdit, ...], other: tuple[TextEdit, ...], *, whole: str
) -> _Part:
    lines = Lines(base)
    my_kept, other_kept = edit_wins(lines, mine, other), edit_wins(lines, other, mine)
    shared = shared_insertions(base, my_kept, other_kept, whole)
    start, my_text, other_text = (
        apply_edits(base, edits) for edits in (shared, my_kept, other_kept)
    )
    is_spared = my_kept != mine or other_kept != other
    reasons = ["delete-edit"] if is_spared else []
    # Where one side only has what the other has too, nobody chose anything.
    if start not in (my_text, other_text) and same_line(base, lines, my_kept, other_kept):
        reasons.append("same-line")
    if shared:
        start = _with_all_shared(start, my_text, other_text, whole)
        my_kept, other_kept = diff_text(start, my_text), diff_text(start, other_text)
    my_slid = slid_lines(start, my_kept, other_kept)
    other_slid = slid_lines(start, other_kept, my_kept)
    crdt_text = merge_by_crdt(start, my_slid, other_slid)
    whole_lines = unglued(crdt_text, my_text, other_text, base)
    text = without_repeated_lines(base, my_text, other_text, whole_lines)
    is_plain = (my_slid, other_slid) == (mine, other) and text == crdt_text
    return _Part(text, tuple(reasons), bool(shared) or is_spared or not is_plain)


def _with_all_shared(start: str, ours: str, theirs: str, whole: str) -> str:
    """The new base with what both inserted at places that only now are told to be the same."""
    for _ in range(MAX_ROUNDS):
        mine, other = diff_text(start, ours), diff_text(start, theirs)
        shared = shared_insertions(start, mine, other, whole)
        if not shared:
            break
        start = apply_edits(start, shared)
    return start


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
