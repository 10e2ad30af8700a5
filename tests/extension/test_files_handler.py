"""A folder's files told at once, and a new one, by a real server; beside what the contents API says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from extension.conftest import Served
from rtcd.errors import NotFoundOnServerError, ServerError
from rtcd.server.client import ServerClient

pytestmark = pytest.mark.end_to_end


@pytest.fixture
async def offered(served: Served) -> AsyncIterator[ServerClient]:
    async with ServerClient(served.address) as client:
        await client.about()
        yield client


@pytest.fixture
async def stock(served: Served) -> AsyncIterator[ServerClient]:
    """A client that did not ask what is offered, and uses the contents API."""
    async with ServerClient(served.address) as client:
        yield client


async def test_both_ways_tell_the_same(
    served: Served, offered: ServerClient, stock: ServerClient
) -> None:
    folder = served.project / "both"
    (folder / "inner").mkdir(parents=True, exist_ok=True)
    (folder / "a b.txt").write_bytes(b"one")
    (folder / "n.ipynb").write_bytes(b"{}")
    (folder / ".hidden").write_bytes(b"")
    (folder / "back~").write_bytes(b"")
    told = {entry.path: entry for entry in await offered.list_folder("both")}
    known = {entry.path: entry for entry in await stock.list_folder("both")}
    assert {
        path: (entry.type, entry.size, entry.last_modified) for path, entry in told.items()
    } == {path: (entry.type, entry.size, entry.last_modified) for path, entry in known.items()}
    for path in ("both/a b.txt", "both/n.ipynb"):
        looked_at = await stock.stat(path)
        assert looked_at is not None
        assert told[path].hash == looked_at.hash


async def test_a_folder_that_is_not_there_is_said_so(offered: ServerClient) -> None:
    with pytest.raises(NotFoundOnServerError):
        await offered.list_folder("none")


async def test_a_new_file_takes_no_name(served: Served, offered: ServerClient) -> None:
    (served.project / "made.txt").unlink(missing_ok=True)
    made = await offered.create_file("made.txt", b"one\r\n\xff")
    with pytest.raises(ServerError, match="already on the server"):
        await offered.create_file("made.txt", b"two")
    assert (served.project / "made.txt").read_bytes() == b"one\r\n\xff"
    assert made == await offered.stat("made.txt")


async def test_many_at_once_are_answered_each_for_itself(
    served: Served, offered: ServerClient, stock: ServerClient
) -> None:
    (served.project / "many").mkdir(exist_ok=True)
    (served.project / "many/7.txt").write_bytes(b"somebody's")
    contents = {f"many/{n}.txt": b"%d" % n * 1000 for n in range(120)}
    made = await asyncio.gather(
        *(offered.create_file(path, data) for path, data in contents.items()),
        return_exceptions=True,
    )
    failed = [path for path, one in zip(contents, made, strict=True) if isinstance(one, Exception)]
    assert failed == ["many/7.txt"]
    contents["many/7.txt"] = b"somebody's"
    read = await asyncio.gather(*map(offered.read_bytes, contents))
    assert dict(zip(contents, read, strict=True)) == contents
    assert await stock.read_bytes("many/119.txt") == contents["many/119.txt"]


async def test_large_files_links_and_missing_ones_are_read_the_other_way(
    served: Served, offered: ServerClient
) -> None:
    large = b"0123456789" * 100_000
    (served.project / "large.txt").write_bytes(large)
    (served.project / "way.txt").unlink(missing_ok=True)
    (served.project / "way.txt").symlink_to("large.txt")
    assert await offered.read_bytes("large.txt") == large
    assert await offered.read_bytes("way.txt") == large
    with pytest.raises(NotFoundOnServerError):
        await offered.read_bytes("none.txt")


@pytest.mark.parametrize("path", [".rtcd/x", ".ssh/key", "../out", "a/../../out"])
async def test_nothing_is_made_or_told_where_nothing_is_served(served: Served, path: str) -> None:
    headers = {"Authorization": f"token {served.address.token.reveal()}"}
    async with httpx.AsyncClient(base_url=served.address.url, headers=headers) as http:
        body = {"files": [{"path": path, "content": "eA=="}]}
        made = await http.post("rtcd/files/create", json=body)
        told = await http.post("rtcd/files/read", json={"paths": [path]})
        assert made.json() == told.json() == {"files": [{"error": "refused"}]}
        assert (await http.get("rtcd/files", params={"folder": path})).status_code == 501
    assert not (served.project / path).exists()


@pytest.mark.parametrize("body", [{}, {"files": 3}, {"files": [1] * 1001}, {"paths": {}}])
async def test_other_bodies_are_refused(served: Served, body: object) -> None:
    headers = {"Authorization": f"token {served.address.token.reveal()}"}
    async with httpx.AsyncClient(base_url=served.address.url, headers=headers) as http:
        for address in ("rtcd/files/create", "rtcd/files/read"):
            assert (await http.post(address, json=body)).status_code == 400


@pytest.mark.parametrize(
    "item",
    [
        3,
        None,
        {},
        {"path": "x.txt"},
        {"path": "x.txt", "content": "!"},
        {"path": "x.txt", "content": "é"},
    ],
)
async def test_a_file_that_is_none_is_refused_for_itself(served: Served, item: object) -> None:
    headers = {"Authorization": f"token {served.address.token.reveal()}"}
    async with httpx.AsyncClient(base_url=served.address.url, headers=headers) as http:
        reply = await http.post("rtcd/files/create", json={"files": [item]})
        assert reply.json() == {"files": [{"error": "refused"}]}


async def test_strangers_are_told_no_files(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.address.url) as stranger:
        for method, address in (
            ("GET", "rtcd/files"),
            ("POST", "rtcd/files/create"),
            ("POST", "rtcd/files/read"),
        ):
            assert (await stranger.request(method, address, json={})).status_code == 403
