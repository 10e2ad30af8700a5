"""A large text is rewritten: how long does the daemon's event loop stand still?

"In the daemon": compared where everything else runs, so that all other files wait so long. "Worker":
compared in a process of its own, while something else is due every millisecond here; the longest
that it had to wait, the edit of the documents at the end included, and how long all of it took.
"""

from __future__ import annotations

import asyncio
import random
import time

from merge_cases import prose
from tables import shown

from rtcd.content import TextContent
from rtcd.documents.open_document import new_document
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica
from rtcd.sync.merge_worker import MergeWorker


def rewrites(*, quick: bool) -> list[tuple[str, ...]]:
    """Rows: a kind of rewrite, seconds here, the longest pause and the seconds with a worker."""
    rows = []
    for size in (1_000_000,) if quick else (1_000_000, 10_000_000):
        old = prose(size)
        lines = old.splitlines(keepends=True)
        random.Random(6).shuffle(lines)
        for name, new in (
            ("another text", prose(size, seed=9)),
            ("lines shuffled", "".join(lines)),
        ):
            began = time.perf_counter()
            joined(old).save(TextContent(new), evidence=Evidence(), now=9.0)
            here = time.perf_counter() - began
            pause, took = asyncio.run(beside(joined(old), TextContent(new)))
            rows.append((f"{size // 1_000_000} MB, {name}", shown(here), shown(pause), shown(took)))
    return rows


def joined(text: str) -> Replica:
    room = new_document("text")
    room.become(TextContent(text))
    return Replica("text", room.shared.update_since(), disk=TextContent(text), now=0.0)


async def beside(replica: Replica, new: TextContent) -> tuple[float, float]:
    """The longest time that the loop stood still, and how long the save took."""
    worker = MergeWorker()
    pauses = [0.0]

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            pauses.append(time.perf_counter() - before)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    began = time.perf_counter()
    question = replica.question(new, evidence=Evidence(), now=9.0)
    prepared = None if question is None else await worker.answer(question)
    replica.save(new, evidence=Evidence(), now=9.0, prepared=prepared)
    await asyncio.sleep(0)
    took = time.perf_counter() - began
    await asyncio.sleep(0.01)
    ticking.cancel()
    await worker.close()
    return max(pauses), took
