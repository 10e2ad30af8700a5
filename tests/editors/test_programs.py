"""Vim, neovim, nano and Emacs on a file that somebody else is typing in: both edits stay."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from editors.daemon_word import settle, status
from editors.programs import EDITORS, RELOADING, Editor
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async

pytestmark = [
    pytest.mark.editors,
    pytest.mark.end_to_end,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="editors need tmux"),
]

START = "one\ntwo\nthree\nfour\nfive\n"
RELOAD_SECONDS = 2.5


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


@asynccontextmanager
async def _opened(
    host: RtcdFolder, place: Path, program: str, case: str, settings: str = ""
) -> AsyncIterator[tuple[Editor, RoomPerson]]:
    """An editor with a new file open, and Grace in the file's room."""
    _needs(program)
    name = f"{case}-{program}.txt"
    file = host.write(name, START)
    home = place / f"{case}-{program}"
    home.mkdir()
    await asyncio.to_thread(settle, host)
    async with RoomPerson.joined(host.address, name) as grace:
        await asyncio.to_thread(settle, host)
        editor = await asyncio.to_thread(EDITORS[program], home, file, settings)
        try:
            await asyncio.to_thread(editor.shows, "five")
            yield editor, grace
        finally:
            await asyncio.to_thread(editor.close)


async def _everywhere(host: RtcdFolder, grace: RoomPerson, editor: Editor, wanted: str) -> None:
    """The room and the disk come to hold exactly this, and stay so."""
    name = editor.file.name

    def is_so() -> bool:
        return grace.text == wanted and host.read(name) == wanted

    try:
        await eventually_async(is_so, "both edits in the room and on disk", 8)
    except AssertionError:
        assert (grace.text, host.read(name)) == (wanted, wanted), host.log()
    await asyncio.to_thread(settle, host)
    assert is_so()
    report = await asyncio.to_thread(status, host)
    conflicts = {item["path"]: item["conflicts"] for item in report["files"]}
    assert conflicts[name] == 0


async def _type(host: RtcdFolder, grace: RoomPerson, editor: Editor, line: str) -> None:
    """Grace types a line at the top, and it is on disk."""
    await grace.type(line, at=0)
    await eventually_async(lambda: line in host.read(editor.file.name), "her line on disk")


@pytest.mark.parametrize("program", sorted(EDITORS))
async def test_a_save_from_a_stale_buffer_keeps_both_edits(
    shared_host: RtcdFolder, place: Path, program: str
):
    async with _opened(shared_host, place, program, "stale") as (editor, grace):
        await _type(shared_host, grace, editor, "typed by Grace\n")
        await asyncio.to_thread(editor.add_line, "saved from a stale buffer")
        await asyncio.to_thread(editor.save)
        assert editor.questions, "the editor is expected to warn"
        wanted = f"typed by Grace\n{START}saved from a stale buffer\n"
        await _everywhere(shared_host, grace, editor, wanted)
        # Its buffer still lacks Grace's line, and rtcd has written the file once more.
        await asyncio.to_thread(editor.add_line, "and another edit")
        await asyncio.to_thread(editor.save)
        await _everywhere(shared_host, grace, editor, wanted + "and another edit\n")
        await _type(shared_host, grace, editor, "and Grace again\n")
        await asyncio.to_thread(editor.add_line, "a third edit")
        await asyncio.to_thread(editor.save)
        wanted = f"and Grace again\n{wanted}and another edit\na third edit\n"
        await _everywhere(shared_host, grace, editor, wanted)


@pytest.mark.parametrize("program", sorted(EDITORS))
async def test_an_unsaved_buffer_survives_a_change_of_the_file(
    shared_host: RtcdFolder, place: Path, program: str
):
    async with _opened(shared_host, place, program, "dirty") as (editor, grace):
        await asyncio.to_thread(editor.add_line, "not saved yet")
        await _type(shared_host, grace, editor, "typed by Grace\n")
        await asyncio.to_thread(editor.save)
        wanted = f"typed by Grace\n{START}not saved yet\n"
        await _everywhere(shared_host, grace, editor, wanted)


@pytest.mark.parametrize("program", sorted(RELOADING))
async def test_an_unsaved_buffer_is_not_reloaded_over(
    shared_host: RtcdFolder, place: Path, program: str
):
    """With the recommended settings: no dialog swallows a key while somebody else is typing."""
    settings = RELOADING[program]
    async with _opened(shared_host, place, program, "kept", settings) as (editor, grace):
        await asyncio.to_thread(editor.add_line, "not saved yet")
        await _type(shared_host, grace, editor, "typed by Grace\n")
        await asyncio.sleep(1.5)  # the editor's timer has looked at least once
        await asyncio.to_thread(editor.add_line, "nor is this")
        assert editor.questions == []
        await asyncio.to_thread(editor.save)
        wanted = f"typed by Grace\n{START}not saved yet\nnor is this\n"
        await _everywhere(shared_host, grace, editor, wanted)
        await asyncio.to_thread(editor.shows, "typed by Grace", RELOAD_SECONDS)


@pytest.mark.parametrize("program", sorted(RELOADING))
async def test_a_clean_buffer_follows_the_room_without_a_question(
    shared_host: RtcdFolder, place: Path, program: str
):
    settings = RELOADING[program]
    async with _opened(shared_host, place, program, "follows", settings) as (editor, grace):
        measured = []
        wanted = START
        for number in range(4):
            line = f"typed by Grace {number}\n"
            started = time.monotonic()
            await grace.type(line, at=0)
            await asyncio.to_thread(editor.shows, line.strip(), RELOAD_SECONDS)
            measured.append(round(time.monotonic() - started, 2))
            own = f"own edit {number}"
            await asyncio.to_thread(editor.add_line, own)
            await asyncio.to_thread(editor.save)
            wanted = f"{line}{wanted}{own}\n"
            await _everywhere(shared_host, grace, editor, wanted)
        assert editor.questions == []
        print(f"{program} shows the other's edit after {measured} s")
