"""Files count as busy for as long as somebody works on them beside everything else."""

from __future__ import annotations

import asyncio

from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath
from rtcd.sync.bulletin import Bulletin
from rtcd.sync.tasks import Tasks

NOTEBOOK, SCRIPT = ProjectPath("a.ipynb"), ProjectPath("a.py")


async def test_faces_are_busy_from_the_call_to_the_end_and_are_owed_nothing():
    owed: list[ProjectPath] = []
    tasks = Tasks(Bulletin(lambda: 0.0), lambda path, error: owed.append(path))
    goes_on = asyncio.Event()

    async def work() -> None:
        await goes_on.wait()
        raise RtcdError("it could not be done", hint="Try again.")

    tasks.spawn(work(), problem_path=NOTEBOOK, faces=[SCRIPT])
    assert tasks.busy_paths() == [SCRIPT]
    goes_on.set()
    async with asyncio.timeout(30):
        while tasks.busy_paths():
            await asyncio.sleep(0)
    assert owed == []
