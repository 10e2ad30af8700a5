"""Every recorded save on a live file: the room, the disk and a guest get it whole, and only it."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from editors import recorded_saves as saves
from editors.daemon_word import settle, status
from editors.names_seen import NamesSeen
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async
from rtcd.content import Content, TextContent, is_same
from rtcd.disk.formats import parse

pytestmark = [pytest.mark.editors, pytest.mark.end_to_end]

FILES = {"text": "live.txt", "notebook": "live.ipynb"}


def every_third(cases: list[Any]) -> list[Any]:
    """All of them, but only every third without the ``long`` marker."""
    return [
        pytest.param(*case, marks=[pytest.mark.long] if number % 3 else [])
        for number, case in enumerate(cases)
    ]


# Nobody appends to a notebook.
NOTEBOOK_SAVES = [(name, "notebook") for name in saves.NAMES if name != "shell-append"]
TEXT_SAVES = [(name, "text") for name in saves.NAMES]
KINDS_OF_SAVES = [*every_third(TEXT_SAVES), *every_third(NOTEBOOK_SAVES)]
EDITS = {"text": saves.edited_text, "notebook": saves.edited_notebook}


@dataclass(frozen=True)
class Pair:
    """A host, a guest of its server, and the names that turn up in the folder nobody saves in."""

    host: RtcdFolder
    guest: RtcdFolder
    seen: dict[str, NamesSeen]

    def of(self, side: str) -> tuple[RtcdFolder, RtcdFolder]:
        """The folder that is saved in, and the other one."""
        return (self.host, self.guest) if side == "host" else (self.guest, self.host)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """One host and one guest for all saves."""
    workplace = Path(tempfile.mkdtemp(prefix="ed-", dir="/var/tmp"))
    host, guest = (RtcdFolder(workplace / name / "project", workplace / name) for name in "hg")
    host.write(FILES["text"], saves.first_text())
    host.write(FILES["notebook"], saves.first_notebook())
    host.start()
    guest.start("--server", host.address.url, token=host.address.token.reveal())
    seen = {"host": NamesSeen(guest.root), "guest": NamesSeen(host.root)}
    yield Pair(host, guest, seen)
    for names in seen.values():
        names.close()
    for folder in (guest, host):
        folder.command("stop")
    shutil.rmtree(workplace, ignore_errors=True)


@asynccontextmanager
async def _settled_room(pair: Pair, file: str) -> AsyncIterator[RoomPerson]:
    """Somebody in the room, everything else at rest, and a look at what appears from now on."""
    async with RoomPerson.joined(pair.host.address, file) as grace:
        for folder in (pair.host, pair.guest):
            await asyncio.to_thread(settle, folder)
        for names in pair.seen.values():
            names.take()
        yield grace


def means_the_same(one: Content, other: Content) -> bool:
    """Equal contents with equal cell ids; defaults that jupyter_ydoc invents do not count."""
    if isinstance(one, TextContent) or isinstance(other, TextContent):
        return one == other
    ids = [[cell.id for cell in content.cells] for content in (one, other)]
    return ids[0] == ids[1] and is_same(one, other)


async def _check(pair: Pair, side: str, file: str, is_so: Callable[[], bool]) -> None:
    """It came to be so everywhere and stays so: no problem, nothing else shared."""
    saved_in, other = pair.of(side)
    await eventually_async(is_so, "the save to be everywhere")
    for folder in (saved_in, other):
        await asyncio.to_thread(settle, folder)
    assert is_so()
    for folder in (saved_in, other):
        report = await asyncio.to_thread(status, folder)
        assert report["problems"] == []
        assert sorted(item["path"] for item in report["files"]) == sorted(FILES.values())
    assert pair.seen[side].take() <= {file}


async def _conflicts(pair: Pair) -> int:
    """How many are recorded on both machines."""
    reports = [await asyncio.to_thread(status, folder) for folder in (pair.host, pair.guest)]
    return sum(report["conflicts"] for report in reports)


@pytest.mark.parametrize("speed", [0, pytest.param(1.0, marks=pytest.mark.long)])
@pytest.mark.parametrize(("name", "kind"), KINDS_OF_SAVES)
@pytest.mark.parametrize("side", ["host", pytest.param("guest", marks=pytest.mark.long)])
async def test_a_save_is_the_new_content_everywhere(
    pair: Pair, name: str, side: str, kind: str, speed: float
):
    file = FILES[kind]
    saved_in, other = pair.of(side)
    target = saved_in.root / file
    async with _settled_room(pair, file) as grace:
        before = await _conflicts(pair)
        new = EDITS[kind](target.read_bytes(), name, f"{side} {speed}")
        wanted = parse(grace.content.kind, new)
        await asyncio.to_thread(saves.replay, name, target, new, speed=speed)

        def everywhere() -> bool:
            disks = [(folder.root / file).read_bytes() for folder in (saved_in, other)]
            return means_the_same(grace.content, wanted) and disks == [new, new]

        await _check(pair, side, file, everywhere)
        assert await _conflicts(pair) == before


@pytest.mark.parametrize("side", ["host", pytest.param("guest", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", every_third([(name,) for name in saves.NAMES]))
async def test_what_is_typed_during_a_save_is_kept_with_it(pair: Pair, name: str, side: str):
    """The save does not know what is typed while it happens; each is there once afterwards."""
    file = FILES["text"]
    saved_in, other = pair.of(side)
    target = saved_in.root / file
    async with _settled_room(pair, file) as grace:
        new = saves.edited_text(target.read_bytes(), name, f"{side} typed")
        saving = asyncio.create_task(asyncio.to_thread(saves.replay, name, target, new, speed=1.0))
        typist = random.Random(f"Grace during {name} on {side}")
        typed = [saves.a_line(typist) for _ in range(4)]
        for line in typed:
            await grace.type(line, at=0)
            await asyncio.sleep(0.003)
        await saving
        wanted = sorted(new.decode().splitlines(keepends=True) + typed)

        def wrong(text: str) -> list[str]:
            """The lines that are missing (-) and those that should not be there (+)."""
            there = Counter(text.splitlines(keepends=True))
            missing, extra = Counter(wanted) - there, there - Counter(wanted)
            return [f"-{line}" for line in missing] + [f"+{line}" for line in extra]

        def everywhere() -> bool:
            # The files only when the room is right: rtcd takes note of who reads a file.
            return not wrong(grace.text) and saved_in.read(file) == grace.text == other.read(file)

        try:
            await _check(pair, side, file, everywhere)
        except AssertionError:
            assert wrong(grace.text) == [], saved_in.log()
            raise
