"""Three writers at once on a host and two guests, with and without kills: nothing lost or doubled."""

from __future__ import annotations

import os
import random
import time

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RtcdFolder, eventually
from end_to_end.writers import TokenWriter, count_tokens

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(400)]

SECONDS = float(os.environ.get("RTCD_WRITERS_SECONDS", "12"))
SEED = int(os.environ.get("RTCD_WRITERS_SEED", "1"))


def a_host_and_two_guests(new_folder: NewFolder) -> list[RtcdFolder]:
    host = new_folder("host")
    host.write("notes.txt", "".join(f"line {number}\n" for number in range(30)))
    host.start()
    folders = [host]
    for name in ("first", "second"):
        guest = new_folder(name)
        guest.start("--server", host.address.url, token=host.address.token.reveal())
        folders.append(guest)
    return folders


def begin(folders: list[RtcdFolder]) -> list[TokenWriter]:
    writers = [
        TokenWriter(
            folder.root / "notes.txt",
            f"w{number}",
            seed=SEED * 10 + number,
            pause=0.4,
            by_rename=number == 1,
        )
        for number, folder in enumerate(folders)
    ]
    for writer in writers:
        writer.start()
    return writers


def check(folders: list[RtcdFolder], writers: list[TokenWriter], seconds: float) -> None:
    tokens = [token for writer in writers for token in writer.finish()]

    def are_equal() -> bool:
        texts = {folder.read("notes.txt") for folder in folders}
        return len(texts) == 1 and not count_tokens(texts.pop(), tokens)[0]

    started = time.monotonic()
    while time.monotonic() - started < seconds and not are_equal():
        time.sleep(0.05)
    for folder in folders:
        missing, doubled = count_tokens(folder.read("notes.txt"), tokens)
        assert (missing, doubled) == ([], []), (folder.root, len(tokens), folder.log())
    assert len({folder.read("notes.txt") for folder in folders}) == 1
    print(f"{len(tokens)} tokens, equal {time.monotonic() - started:.2f} s after the last edit")


@pytest.mark.long  # the next one does the same, and kills
def test_three_writers_lose_nothing_and_agree(new_folder: NewFolder):
    folders = a_host_and_two_guests(new_folder)
    writers = begin(folders)
    time.sleep(SECONDS)
    check(folders, writers, seconds=60)


def test_killed_daemons_and_a_killed_server_come_back_and_nothing_is_lost(new_folder: NewFolder):
    folders = a_host_and_two_guests(new_folder)
    host = folders[0]
    arguments = ("--server", host.address.url)
    token = host.address.token.reveal()
    writers = begin(folders)
    for number, folder in enumerate((folders[1], host, folders[2])):
        time.sleep(SECONDS / 4)
        folder.kill()
        time.sleep(random.Random(SEED + number).uniform(0.1, 1.0))
        if folder is host:
            folder.start()
        else:
            folder.start(*arguments, token=token)
    folders[0].kill_server()
    time.sleep(SECONDS / 4)
    eventually(lambda: are_connected(folders), "everyone to be connected again", seconds=60)
    check(folders, writers, seconds=60)


def are_connected(folders: list[RtcdFolder]) -> bool:
    return all(folder.status()["server"]["connected"] for folder in folders)


@pytest.mark.long
def test_a_killed_server_comes_back_and_nothing_is_lost(new_folder: NewFolder):
    folders = a_host_and_two_guests(new_folder)
    writers = begin(folders)
    for _ in range(2):
        time.sleep(SECONDS / 3)
        folders[0].kill_server()
    time.sleep(SECONDS / 3)
    eventually(lambda: are_connected(folders), "everyone to be connected again", seconds=60)
    check(folders, writers, seconds=60)
