"""Updates that would end a process that takes them in: only their own file stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from crdt.test_type_nesting import as_update, chain
from crdt.test_update_limits import nested_arrays, nested_objects
from end_to_end.project_folder import RoomPerson
from end_to_end.stock_server import StockServer
from faults.daemons import FaultFolder, Nursery, wait_for
from rtcd.crdt.sync_protocol import Update
from rtcd.crdt.type_nesting import MAX_UNCHECKED_TYPES
from rtcd.server.address import ServerAddress

pytestmark = [pytest.mark.end_to_end]


def problems_of(folder: FaultFolder) -> set[tuple[str, str]]:
    return {(one["path"], one["code"]) for one in folder.state()["problems"]}


async def attack(address: ServerAddress, are_refused: Callable[[], bool]) -> bool:
    """Send all of them, each to its file; stay until the files are refused.

    A server forgets what it has not read yet of who leaves. While it reads, the folder may refuse what
    has come so far, and enter a room again that has too little yet.
    """
    async with AsyncExitStack() as stack:
        for name, updates in HOSTILE.items():
            person = await stack.enter_async_context(RoomPerson.joined(address, f"{name}.txt"))
            for number, update in enumerate(updates):
                # Past everything that keeps rtcd itself from sending such a thing.
                await person.room._link.send(Update(update).encode())
                if number % 100 == 99:
                    await asyncio.sleep(0.05)
        return await asyncio.to_thread(wait_for, are_refused, 120)


HOSTILE = {
    "nested-values": [nested_arrays(3_000)],
    "nested-objects": [nested_objects(3_000)],
    # Half of them are too many, wherever the guest counts them from.
    "nested-maps": [as_update(n, [one]) for n, one in enumerate(chain(2 * MAX_UNCHECKED_TYPES))],
}


@pytest.fixture
def guest(nursery: Nursery, stock_server: StockServer, workplace: Path) -> Iterator[FaultFolder]:
    """A folder on somebody else's server, with a file for each attack and a good one."""
    folder = FaultFolder(nursery, workplace / "guest", workplace / "home")
    for name in ("good.txt", *(f"{name}.txt" for name in HOSTILE)):
        folder.write(name, "fine\n")
    folder.begin(server_url=stock_server.url, token=stock_server.token)
    yield folder
    folder.end()


def test_only_the_file_of_a_hostile_room_stops(
    guest: FaultFolder, stock_server: StockServer
) -> None:
    address = ServerAddress.parse(stock_server.url, stock_server.token)
    pid = guest.pid
    all_refused = {(f"{name}.txt", "update-refused") for name in HOSTILE}
    refused = asyncio.run(attack(address, lambda: problems_of(guest) == all_refused))
    assert refused, (guest.state(), guest.log())
    for name in HOSTILE:
        assert guest.read(f"{name}.txt") == "fine\n"
    assert guest.is_alive
    assert guest.state()["daemon"]["pid"] == pid
    guest.write("good.txt", "still fine\n")
    assert wait_for(lambda: (stock_server.root / "good.txt").read_text() == "still fine\n", 60)
