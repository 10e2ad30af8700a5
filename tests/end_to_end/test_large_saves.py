"""A large file that is rewritten keeps nobody else waiting."""

from __future__ import annotations

from collections.abc import Iterator
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


async def test_others_saves_and_typing_go_on_while_a_large_rewrite_is_compared(host: RtcdFolder):
    rng = Random(3)
    words = [f"{rng.getrandbits(32):x}" for _ in range(3_000)]
    lines = [" ".join(rng.choices(words, k=8)) for _ in range(LINES)]
    old = "".join(f"{line}\n" for line in lines)
    # A word in every line: nothing is harder to compare.
    new = "".join(f"{line.replace(' ', f' {n} ', 1)}\n" for n, line in enumerate(lines))
    async with (
        LiveFile.opened(host, "large.txt", old) as large,
        LiveFile.opened(host, "small.md", "# Small\n", person="Ada Lovelace") as small,
    ):
        large.save(new)
        order: list[str] = []
        for number in range(5):
            small.save(f"{small.on_disk}saved {number}\n")
            await small.until_equal([f"saved {number}"])
            await small.person.type(f"typed {number}\n")
            await small.until_equal([f"typed {number}"])
            order.append("large" if large.person.text == new else "small")
        assert order[0] == "small"
        await eventually_async(lambda: large.person.text == new, "the large save", seconds=240)
        assert large.on_disk == new
        assert large.conflicts() == []
