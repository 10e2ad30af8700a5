"""Questions about large saves and their answers, on their way between two processes.

Wire: the length of a head (8 bytes, big-endian), the head as JSON, and behind it the texts as UTF-8, of
which the head gives the bytes of each. Nothing that is read here can be more than texts and numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from rtcd.content import TextContent
from rtcd.diff.edits import TextEdit
from rtcd.merge.candidates import BaseChoice, Candidate, Evidence
from rtcd.merge.prepared import Question

HEADER: Final = 8
LENGTHS: Final = "lengths"

Answer = tuple[BaseChoice, tuple[TextEdit, ...]]
Head = dict[str, Any]


def question_as_bytes(question: Question) -> Iterator[bytes]:
    """A question in pieces.

    Raises:
        ValueError: a candidate is no text.
    """
    contents = [question.save, *(candidate.content for candidate in question.candidates)]
    texts = [content.text for content in contents if isinstance(content, TextContent)]
    if len(texts) < len(contents):
        raise ValueError("only texts are compared elsewhere")
    bare = [asdict(replace(one, content=TextContent(""))) for one in question.candidates]
    facts = [{key: one[key] for key in one if key != "content"} for one in bare]
    yield from _message({"candidates": facts, "evidence": asdict(question.evidence)}, texts)


def question_of(head: Head, texts: Sequence[str]) -> Question:
    """The question in a message that was read."""
    save, *known = map(TextContent, texts)
    candidates = tuple(
        Candidate(content=content, **facts)
        for content, facts in zip(known, head["candidates"], strict=True)
    )
    return Question(save, candidates, Evidence(**head["evidence"]))


def answer_as_bytes(found: Answer) -> Iterator[bytes]:
    """An answer in pieces."""
    choice, edits = found
    places = [[edit.start, edit.end] for edit in edits]
    yield from _message({"choice": asdict(choice), "places": places}, [edit.text for edit in edits])


def answer_of(head: Head, texts: Sequence[str]) -> Answer:
    """The answer in a message that was read."""
    edits = (
        TextEdit(start, end, text) for (start, end), text in zip(head["places"], texts, strict=True)
    )
    return BaseChoice(**head["choice"]), tuple(edits)


def _message(head: Head, texts: Sequence[str]) -> Iterator[bytes]:
    data = [text.encode("utf-8", "surrogatepass") for text in texts]
    told = json.dumps({**head, LENGTHS: [len(one) for one in data]}).encode()
    yield len(told).to_bytes(HEADER, "big")
    yield told
    yield from data


def head_of(data: bytes) -> Head:
    """The head of a message; ``lengths`` are the bytes of the texts that follow."""
    head: Head = json.loads(data)
    return head


def texts_of(head: Head, data: bytes) -> list[str]:
    """The texts behind a head."""
    found, at = [], 0
    for length in head[LENGTHS]:
        found.append(data[at : at + length].decode("utf-8", "surrogatepass"))
        at += length
    return found
