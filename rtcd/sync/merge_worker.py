"""A process beside the daemon that compares large saves, so that other files' saves go on.

Comparing ten megabytes that were rewritten takes many seconds, and neither Python nor rapidfuzz
lets anything else run meanwhile. So a save of which much is different is compared in a process of
its own: started when it is needed, kept for a minute, gone as soon as its input ends, which it
does with the daemon, however that ends. Whenever it fails, the daemon does the work itself.

What is said between the two is in ``merge_wire``; the pipes are nobody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import BinaryIO, Final

from rtcd.merge.prepared import Prepared, Question, answer
from rtcd.sync.merge_wire import (
    HEADER,
    LENGTHS,
    Answer,
    answer_as_bytes,
    answer_of,
    head_of,
    question_as_bytes,
    question_of,
    texts_of,
)

log = logging.getLogger("rtcd.sync")

KEPT_SECONDS: Final = 60.0
NICENESS: Final = 5
"""The daemon itself comes first."""


class MergeWorker:
    """The daemon's side. One question at a time; who asks next waits."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def answer(self, question: Question) -> Prepared | None:
        """The answer, or None when the process failed."""
        async with self._turn:
            try:
                process = await self._started()
                choice, edits = await _asked(process, question)
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                log.warning("a large save is compared here, its worker failed: %s", error)
                await self._end()
                return None
            except asyncio.CancelledError:
                # The answer to this would be taken for that to the next question.
                await self._end()
                raise
        return Prepared(question, choice, edits)

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            command = (sys.executable, "-m", __name__)
            # Not in the project folder: Python would look for modules there.
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd="/"
            )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _asked(process: Process, question: Question) -> Answer:
    assert process.stdin is not None
    assert process.stdout is not None
    for part in question_as_bytes(question):
        process.stdin.write(part)
        await process.stdin.drain()
    length = int.from_bytes(await process.stdout.readexactly(HEADER), "big")
    head = head_of(await process.stdout.readexactly(length))
    return answer_of(head, texts_of(head, await process.stdout.readexactly(sum(head[LENGTHS]))))


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """The process's side: answer until the input ends, or nothing comes for a while."""
    while select.select([questions], [], [], KEPT_SECONDS)[0]:
        head_data = _read(questions, int.from_bytes(_read(questions, HEADER), "big"))
        if not head_data:
            return
        head = head_of(head_data)
        data = _read(questions, sum(head[LENGTHS]))
        for part in answer_as_bytes(answer(question_of(head, texts_of(head, data)))):
            answers.write(part)
        answers.flush()


def _read(source: BinaryIO, length: int) -> bytes:
    """So many bytes; none when the input ends before."""
    data = bytearray()
    while len(data) < length:
        part = source.read(length - len(data))
        if not part:
            return b""
        data += part
    return bytes(data)


if __name__ == "__main__":
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        # Not buffered: what waits in a buffer would not be seen by ``select``.
        serve(os.fdopen(0, "rb", buffering=0), sys.stdout.buffer)
