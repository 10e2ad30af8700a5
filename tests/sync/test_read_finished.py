"""A look at a file that is just being saved waits for the end of the save, in any of its steps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtcd.project_path import ProjectPath
from rtcd.sync import project_disk as module
from rtcd.sync.project_disk import ProjectDisk

PATH = ProjectPath("n.ipynb")
KNOWN_SIZE = 8


class Looks(ProjectDisk):
    """A disk that shows one content after the other; None: no such name."""

    def __init__(self, *contents: bytes | None, written: bool | None = False) -> None:
        self._contents = list(contents)
        self.folder = cast("Any", SimpleNamespace(somebody_writes=lambda _: written))

    async def read(self, path: ProjectPath) -> Any:
        data = self._contents.pop(0) if len(self._contents) > 1 else self._contents[0]
        if data is None:
            return None
        stat = SimpleNamespace(size=len(data))
        return SimpleNamespace(path=path, data=data, digest=data.hex(), stat=stat)


async def seen(disk: Looks) -> bytes | None:
    found = await disk.read_finished(PATH, known_size=KNOWN_SIZE)
    return None if found is None else found.data


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ABSENT_S", "QUIET_S", "OPEN_WRITER_S"):
        monkeypatch.setattr(module, name, 60.0)


@pytest.mark.parametrize(
    "steps",
    [
        (b"complete",),
        (None, None, b"complete"),
        (b"", b"complete"),
        (b"", None, None, b"complete"),
        (None, b"", None, b"", b"complete"),
    ],
)
async def test_a_save_under_way_is_waited_for(steps: tuple[bytes | None, ...]) -> None:
    assert await seen(Looks(*steps)) == b"complete"


async def test_a_short_file_that_then_goes_away_for_a_moment_is_not_deleted() -> None:
    assert await seen(Looks(b"short", None, None, b"complete", written=None)) == b"complete"


async def test_a_file_that_stays_away_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ABSENT_S", 0.05)
    assert await seen(Looks(b"", None)) is None


async def test_a_file_that_stays_short_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_S", 0.05)
    assert await seen(Looks(b"short", written=None)) == b"short"
