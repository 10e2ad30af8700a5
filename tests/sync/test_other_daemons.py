"""Daemons that take turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rtcd.errors import ServerUnreachableError
from rtcd.server.address import ServerAddress
from rtcd.sync import other_daemons as module
from rtcd.sync.other_daemons import OtherDaemons

ADDRESS = ServerAddress.parse("http://127.0.0.1:9/", "not a secret")


class Line:
    """A connection to the others, which gives turns."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @asynccontextmanager
    async def claimed(self, file_id: str) -> AsyncIterator[None]:
        self.told.append(f"claim {file_id}")
        yield
        self.told.append(f"release {file_id}")


async def test_who_is_alone_inside_has_claimed_the_file_and_gives_it_back() -> None:
    others, line = OtherDaemons(ADDRESS, user={}), Line()
    others._line = line  # type: ignore[assignment]
    others._is_up.set()
    async with others.exclusive("file-7"):
        line.told.append("inside")
    assert line.told == ["claim file-7", "inside", "release file-7"]


async def test_nobody_is_let_in_while_the_others_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CONNECT_PATIENCE_SECONDS", 0.0)
    others = OtherDaemons(ADDRESS, user={})
    with pytest.raises(ServerUnreachableError):
        async with others.exclusive("file-7"):
            pytest.fail("nobody may be inside")
