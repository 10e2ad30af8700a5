"""A large file that is rewritten keeps nobody else waiting."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from end_to_end.live_file import LiveFile
from end_to_end.project_folder import RtcdFolder, eventually_async

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

LINES = 30_000


@pytest.fixture
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtcdFolder]:
    place = tmp_path_factory.mktemp("large")
    folder = RtcdFolder(place / "project", place / "home")
    folder.write("README.md", "# Project\n")
    folder.start()
    yield folder
    folder.stop()


def a_rewrite() -> tuple[str, str]:
    """A text, and the same with a word more in every line: nothing is harder to compare."""
    rng = Random(3)
    words = [f"{rng.getrandbits(32):x}" for _ in range(3_000)]
    lines = [" ".join(rng.choices(words, k=8)) for _ in range(LINES)]
    new = "".join(f"{line.replace(' ', f' {n} ', 1)}\n" for n, line in enumerate(lines))
    return "".join(f"{line}\n" for line in lines), new


def worker_of(host: RtcdFolder) -> int | None:
    """The process of the daemon in which large saves are compared, if there is one."""
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            if f"\nPPid:\t{host.started['pid']}\n" in status.read_text():
                command = status.with_name("cmdline").read_bytes()
                if b"rtcd.sync.merge_worker" in command:
                    return int(status.parent.name)
    return None


async def worker_at_work(host: RtcdFolder) -> int:
    await eventually_async(lambda: worker_of(host) is not None, "the worker to be started")
    worker = worker_of(host)
    assert worker is not None
    return worker


async def test_others_saves_and_typing_go_on_while_a_large_rewrite_is_compared(host: RtcdFolder):
    """The comparison takes as long as this test wants: its process is stopped meanwhile."""
    old, new = a_rewrite()
    async with (
        LiveFile.opened(host, "large.txt", old) as large,
        LiveFile.opened(host, "small.md", "# Small\n", person="Ada Lovelace") as small,
    ):
        large.save(new)
        worker = await worker_at_work(host)
        os.kill(worker, signal.SIGSTOP)
        try:
            for number in range(5):
                small.save(f"{small.on_disk}saved {number}\n")
                await small.until_equal([f"saved {number}"])
                await small.person.type(f"typed {number}\n")
                await small.until_equal([f"typed {number}"])
            assert large.person.text == old
            assert worker_of(host) == worker
        finally:
            os.kill(worker, signal.SIGCONT)
        await eventually_async(lambda: large.person.text == new, "the large save", seconds=240)
        assert large.on_disk == new
        assert large.conflicts() == []


async def test_a_large_save_whose_worker_is_killed_is_merged_all_the_same(host: RtcdFolder):
    old, new = a_rewrite()
    async with LiveFile.opened(host, "killed.txt", old) as large:
        large.save(new)
        os.kill(await worker_at_work(host), signal.SIGKILL)
        await eventually_async(lambda: large.person.text == new, "the large save", seconds=240)
        assert large.on_disk == new
        assert large.conflicts() == []
        assert "a large save is compared here, its worker failed" in host.story()
