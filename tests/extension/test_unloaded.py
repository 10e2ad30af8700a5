"""No document is made of a file that is about to be replaced."""

from __future__ import annotations

import asyncio

from rtcd.extension.unloaded import Unloaded


async def test_who_loads_a_kept_file_waits_until_it_is_free() -> None:
    unloaded, done = Unloaded(), []

    async def load(path: str) -> None:
        await unloaded.free(path)
        done.append(path)

    with unloaded.kept(["a", "b", "a"]):
        loading = [asyncio.create_task(load(path)) for path in ("a", "c")]
        while "c" not in done:
            await asyncio.sleep(0)
        assert (unloaded.is_kept("a"), unloaded.is_kept("c"), done) == (True, False, ["c"])
    await asyncio.gather(*loading)
    assert done == ["c", "a"]
    assert not unloaded.is_kept("a")
