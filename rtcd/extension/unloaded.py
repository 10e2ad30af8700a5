"""``Unloaded``: files that no document is made of for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Unloaded:
    """Names that are kept; loaders wait for theirs. For one event loop."""

    def __init__(self) -> None:
        self._kept: dict[str, asyncio.Event] = {}

    @contextmanager
    def kept(self, paths: Sequence[str]) -> Iterator[None]:
        """Keep these files from being loaded; each must be kept by nobody else."""
        freed = asyncio.Event()
        ours = dict.fromkeys(paths, freed)
        self._kept.update(ours)
        try:
            yield
        finally:
            for path in ours:
                del self._kept[path]
            freed.set()

    def is_kept(self, path: str) -> bool:
        """True while somebody keeps the file."""
        return path in self._kept

    async def free(self, path: str) -> None:
        """Returns when nobody keeps the file."""
        while path in self._kept:
            await self._kept[path].wait()
