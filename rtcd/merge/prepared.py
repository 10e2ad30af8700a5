"""What takes long in the merge of a large save, as a question that another process can answer. Pure.

Which version a save was made from, and how it differs from it, depends on contents alone. The
rest, the edit of the documents, is made where they are; so an answer that comes too late, because
another version has come meanwhile, is of no use and does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rtcd.content import Content, TextContent
from rtcd.diff.common_ends import common_prefix, common_suffix
from rtcd.diff.edits import TextEdit
from rtcd.diff.text import diff_text
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import BaseChoice, Candidate, Evidence

LONG_CHANGE: Final = 200_000
"""Code points between the first and the last difference: beyond it the merge takes some 0.1 s."""


@dataclass(frozen=True, slots=True)
class Question:
    """A save and what it may have been made from."""

    save: TextContent
    candidates: tuple[Candidate, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Prepared:
    """The answer to a question: the version it was made from, and the edits since then."""

    question: Question
    choice: BaseChoice
    edits: tuple[TextEdit, ...]

    def holds_for(self, save: Content, candidates: Sequence[Candidate], evidence: Evidence) -> bool:
        """The same would be found now."""
        asked = self.question
        if (asked.save, asked.evidence) != (save, evidence):
            return False
        return [*map(_facts, asked.candidates)] == [*map(_facts, candidates)]


def takes_long(save: Content, known: Content) -> bool:
    """To compare the save with this version takes so long that others should not wait for it."""
    if not (isinstance(save, TextContent) and isinstance(known, TextContent)):
        return False
    longer = max(len(save.text), len(known.text))
    if longer <= LONG_CHANGE:
        return False
    head = common_prefix(save.text, known.text)
    return longer - head - common_suffix(save.text, known.text) > LONG_CHANGE


def answer(question: Question) -> tuple[BaseChoice, tuple[TextEdit, ...]]:
    """Do the work."""
    choice = choose_base(question.save, question.candidates, question.evidence)
    base = question.candidates[choice.index].content
    if choice.nothing_to_apply or not isinstance(base, TextContent):
        return choice, ()
    return choice, diff_text(base.text, question.save.text)


def _facts(candidate: Candidate) -> tuple[object, ...]:
    """All but the age; a content is known as the object it is."""
    return (
        id(candidate.content),
        candidate.own_save,
        candidate.read,
        candidate.base,
        candidate.displaced,
    )
