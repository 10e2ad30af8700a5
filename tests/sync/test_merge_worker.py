"""Large saves are compared in a process of their own, and found to be the same there."""

from __future__ import annotations

import asyncio
import random

import pytest

from rtcd.content import TextContent
from rtcd.documents.open_document import new_document
from rtcd.merge import prepared, replica
from rtcd.merge.candidates import Evidence
from rtcd.merge.prepared import Prepared, answer, takes_long
from rtcd.merge.replica import Replica
from rtcd.sync.merge_worker import MergeWorker

DEADLINE = 60.0


def long_text(seed: int) -> str:
    rng = random.Random(seed)
    return "".join(f"{rng.getrandbits(40):x} {rng.getrandbits(40):x}\n" for _ in range(1_000))


def joined(text: str, *, typed: str = "") -> Replica:
    room = new_document("text")
    room.become(TextContent(text))
    pulled = room.shared.update_since()
    made = Replica("text", pulled, disk=TextContent(text), now=0.0)
    if typed:
        state = room.shared.state_vector()
        room.become(TextContent(text + typed))
        made.receive(room.shared.update_since(state))
        flush = made.pending()
        assert flush is not None
        made.flushed(flush, now=1.0)
        made.mark_read(1.0)
    return made


@pytest.fixture(autouse=True)
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "LONG_CHANGE", 1_000)


async def test_the_worker_finds_what_would_be_found_here() -> None:
    old = long_text(1)
    new = TextContent(old.replace("a", "A"))
    worker = MergeWorker()
    try:
        for typed in ("", "typed by somebody else\n"):
            one, other = joined(old, typed=typed), joined(old, typed=typed)
            question = one.question(new, evidence=Evidence(), now=9.0)
            assert question is not None
            found = await asyncio.wait_for(worker.answer(question), DEADLINE)
            assert found is not None
            assert (found.choice, found.edits) == answer(question)
            with_it = one.save(new, evidence=Evidence(), now=9.0, prepared=found)
            without = other.save(new, evidence=Evidence(), now=9.0)
            assert with_it.merged == without.merged == TextContent(new.text + typed)
            assert (with_it.choice, with_it.overlaps) == (without.choice, without.overlaps)
    finally:
        await worker.close()


async def test_the_daemon_compares_nothing_that_the_worker_has_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = long_text(1)
    new = TextContent(old.replace("a", "A"))
    one = joined(old)
    question = one.question(new, evidence=Evidence(), now=9.0)
    assert question is not None
    found = Prepared(question, *answer(question))

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("compared once more")

    monkeypatch.setattr(replica, "choose_base", refused)
    monkeypatch.setattr("rtcd.documents.text_document.diff_text", refused)
    monkeypatch.setattr("rtcd.merge.three_way_text.diff_text", refused)
    assert one.save(new, evidence=Evidence(), now=9.0, prepared=found).merged == new


async def test_an_answer_that_came_too_late_is_not_used() -> None:
    old = long_text(1)
    one = joined(old)
    new = TextContent(old.replace("a", "A"))
    question = one.question(new, evidence=Evidence(), now=9.0)
    assert question is not None
    found = Prepared(question, *answer(question))
    between = TextContent(old + "saved meanwhile\n")
    one.save(between, evidence=Evidence(), now=10.0)
    assert not found.holds_for(new, one.versions.candidates(11.0), Evidence())
    outcome = one.save(new, evidence=Evidence(), now=11.0, prepared=found)
    assert outcome.base.content == between


async def test_a_worker_that_died_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    question = joined(long_text(1)).question(
        TextContent(long_text(2)), evidence=Evidence(), now=9.0
    )
    assert question is not None
    worker = MergeWorker()
    try:
        assert await asyncio.wait_for(worker.answer(question), DEADLINE) is not None
        process = worker._process
        assert process is not None
        process.kill()
        # Whether the end was noticed before the next question is a race; a lost answer is None.
        found = await asyncio.wait_for(worker.answer(question), DEADLINE)
        found = found or await asyncio.wait_for(worker.answer(question), DEADLINE)
        assert found is not None
        assert worker._process is not process
    finally:
        await worker.close()


async def test_others_go_on_while_a_large_save_is_compared() -> None:
    """The order of events: what is asked for later is done before the large save."""
    old = "".join(long_text(seed) for seed in range(8))
    new = TextContent(" ".join(reversed(old.split(" "))))
    question = joined(old).question(new, evidence=Evidence(), now=9.0)
    assert question is not None
    worker = MergeWorker()
    events: list[str] = []
    try:

        async def large() -> None:
            assert await asyncio.wait_for(worker.answer(question), DEADLINE) is not None
            events.append("large")

        task = asyncio.create_task(large())
        await asyncio.sleep(0)
        small = joined("one\n")
        small.save(TextContent("one\ntwo\n"), evidence=Evidence(), now=1.0)
        events.append("small")
        await task
    finally:
        await worker.close()
    assert events == ["small", "large"]


@pytest.mark.parametrize(
    ("save", "known", "long"),
    [
        ("x" * 5_000, "x" * 5_000, False),
        ("x" * 5_000 + "y", "x" * 5_000, False),
        ("x" * 5_000, "y" * 5_000, True),
        ("y" + "x" * 5_000 + "y", "z" + "x" * 5_000 + "z", True),
        ("x" * 500, "y" * 500, False),
    ],
)
def test_only_what_lies_between_differences_takes_long(save: str, known: str, long: bool) -> None:
    assert takes_long(TextContent(save), TextContent(known)) is long
