"""A question and its answer come out as they went in."""

from __future__ import annotations

import asyncio
import io

from rtcd.content import TextContent
from rtcd.merge.candidates import Candidate, Evidence
from rtcd.merge.prepared import Question, answer
from rtcd.sync.merge_wire import (
    HEADER,
    answer_as_bytes,
    answer_of,
    head_of,
    question_as_bytes,
    question_of,
    texts_of,
)
from rtcd.sync.merge_worker import MergeWorker

OLD = "".join(f"line {number} ä \U0001f600\n" for number in range(400))
QUESTION = Question(
    TextContent(OLD.replace("line 7", "Zeile 7") + "end\n"),
    (
        Candidate(content=TextContent(""), own_save=False, read=None),
        Candidate(content=TextContent(OLD), own_save=True, read=True, base=0, age=2.5),
    ),
    Evidence(git=False, newest_read_by_saver=True),
)


def read(parts) -> tuple[dict, list[str]]:
    source = io.BytesIO(b"".join(parts))
    head = head_of(source.read(int.from_bytes(source.read(HEADER), "big")))
    return head, texts_of(head, source.read())


def test_a_question_and_an_answer_come_out_as_they_went_in():
    assert question_of(*read(question_as_bytes(QUESTION))) == QUESTION
    found = answer(QUESTION)
    assert len(found[1]) > 1
    assert answer_of(*read(answer_as_bytes(found))) == found


async def test_the_other_process_finds_what_this_one_does():
    worker = MergeWorker()
    try:
        async with asyncio.timeout(60):
            for _ in range(2):
                found = await worker.answer(QUESTION)
                assert found is not None
                assert (found.choice, found.edits) == answer(QUESTION)
    finally:
        await worker.close()
