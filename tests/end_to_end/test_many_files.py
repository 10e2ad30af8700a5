"""More files changed at once than rooms can be opened: a checkout, a formatter, two of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from end_to_end.stock_server import ServedFolder
from rtcd.server.client import ServerClient
from rtcd.sync.bindings import ROOMS_KEPT

MANY = 60
NAMES = [f"part_{number % 4}/file_{number}.py" for number in range(MANY)]


def source(number: int) -> str:
    return "".join(f"value_{line} = compute({number}, {line})\n" for line in range(12))


def fill(folder: RtcdFolder) -> None:
    for number, name in enumerate(NAMES):
        folder.write(name, source(number))


@contextmanager
def joined(new_folder: NewFolder) -> Iterator[tuple[RtcdFolder, RtcdFolder]]:
    """A host with many files, and a guest that has them."""
    host, guest = new_folder("host"), new_folder("guest", name="Grace Hopper")
    fill(host)
    host.start()
    guest.start("--server", host.address.url, token=host.address.token.reveal())
    assert all(guest.read(name) == host.read(name) for name in NAMES)
    yield host, guest


async def open_rooms(host: RtcdFolder) -> list[str]:
    async with ServerClient(host.address) as client:
        return await client.live_rooms()


async def test_a_change_of_many_files_arrives_without_a_room_for_each(
    new_folder: NewFolder,
) -> None:
    with joined(new_folder) as (host, guest):
        for writer, reader in ((host, guest), (guest, host)):
            wanted = {name: f"# from {writer.name}\n{writer.read(name)}" for name in NAMES}
            for name, text in wanted.items():
                writer.write(name, text)
            eventually(
                lambda reader=reader, wanted=wanted: all(
                    reader.read(name) == text for name, text in wanted.items()
                ),
                f"everything of {writer.name}",
            )
            writer.wait()
        assert len(await open_rooms(host)) < MANY
        told = guest.command("history", NAMES[-1])
        assert "Ada Lovelace" in told.stdout, told
        told = host.command("history", NAMES[-1])
        assert "Grace Hopper" in told.stdout, told


async def test_two_who_change_many_files_at_once_and_one_who_types_lose_nothing(
    new_folder: NewFolder,
) -> None:
    with joined(new_folder) as (host, guest):
        typed = NAMES[7]
        async with RoomPerson.joined(host.address, typed) as person:
            for number, name in enumerate(NAMES):
                host.write(name, f"# host {number}\n" + source(number))
                guest.write(name, source(number) + f"# guest {number}\n")
            await person.type("# typed\n", at=person.text.index("value_5"))
            wanted = {
                name: f"# host {number}\n" + source(number) + f"# guest {number}\n"
                for number, name in enumerate(NAMES)
            }
            wanted[typed] = wanted[typed].replace("value_5", "# typed\nvalue_5")
            for folder in (host, guest):
                await eventually_async(
                    lambda folder=folder: all(
                        folder.read(name) == text for name, text in wanted.items()
                    ),
                    f"everything at {folder.name}",
                )
            assert person.text == wanted[typed]


@pytest.mark.long
def test_a_checkout_here_is_not_mixed_with_what_was_there_before(new_folder: NewFolder) -> None:
    with joined(new_folder) as (host, guest):

        def git(*arguments: str) -> None:
            who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
            command = ["git", *who, *arguments]
            subprocess.run(command, cwd=guest.root, check=True, capture_output=True)

        git("init", "-q", "-b", "main")
        git("add", *NAMES)
        git("commit", "-q", "-m", "one")
        git("checkout", "-q", "-b", "other")
        for number, name in enumerate(NAMES):
            guest.write(name, source(number + MANY))
        git("commit", "-q", "-a", "-m", "other")
        guest.wait()
        git("checkout", "-q", "main")
        eventually(
            lambda: all(host.read(name) == source(n) for n, name in enumerate(NAMES)),
            "the first state at the host",
        )
        guest.wait()
        assert [guest.read(name) for name in NAMES] == [source(n) for n in range(MANY)]
        assert "No conflicts" in guest.command("conflicts").stdout


@pytest.mark.long
def test_more_files_than_rooms_are_kept_for_all_arrive_at_a_stock_server(
    new_folder: NewFolder, served: ServedFolder
) -> None:
    guest = new_folder("guest")
    names = [f"file_{number}.txt" for number in range(ROOMS_KEPT + 30)]
    for name in names:
        guest.write(name, f"{name}\n")
    guest.start("--server", served.url, "--remote-path", served.path, token=served.token)
    for name in names:
        guest.write(name, f"{name}\nchanged\n")
    guest.wait()
    for name in names:
        assert (served.root / name).read_text() == f"{name}\nchanged\n"
