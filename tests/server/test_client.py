"""The client against a stock server, and against things that are none."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator

import pytest

from end_to_end.stock_server import StockServer
from rtcd.errors import (
    NotFoundOnServerError,
    PathRefusedError,
    ServerError,
    ServerRefusedError,
    ServerUnreachableError,
)
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.entry import Entry

NOTEBOOK = b'{"cells": [], "metadata": {},\r\n "nbformat": 4, "nbformat_minor": 5}\n\n'
NAMES = [
    "plain.txt",
    "with space.txt",
    "ümläut é.txt",
    "e\u0301 decomposed.txt",
    "emoji 😀.txt",
    "a#b.txt",
    "a?b=c&d.txt",
    "100%.txt",
    "%41.txt",
    "a;b,c+d.txt",
    "quote'\"`.txt",
    "back\\slash.txt",
    "tab\tname.txt",
    "[bracket]{brace}.txt",
    "~tilde$dollar!.txt",
    "trailing space ",
    "no-suffix",
    "archive.tar.gz",
    "n.ipynb",
    "index.html",
]


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StockServer]:
    """Below a base path, as behind a hub."""
    with StockServer(tmp_path_factory.mktemp("root"), base_url="/user/ada/") as server:
        yield server


@pytest.fixture
def address(stock: StockServer) -> ServerAddress:
    return ServerAddress.parse(stock.url, stock.token)


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", NAMES)
async def test_bytes_are_exact_both_ways_for_any_name(stock, address, name):
    data = (
        NOTEBOOK
        if name.endswith(".ipynb")
        else bytes(range(256)) + b"\r\n\xef\xbb\xbf" + name.encode()
    )
    (stock.root / "read").mkdir(exist_ok=True)
    (stock.root / "made").mkdir(exist_ok=True)
    (stock.root / "read" / name).write_bytes(data)
    async with ServerClient(address) as client:
        assert await client.read_bytes(f"read/{name}") == data
        found = await client.stat(f"read/{name}")
        assert (found.size, found.hash) == (len(data), hashlib.sha256(data).hexdigest())
        await client.create_file(f"made/{name}", data)
        assert (stock.root / "made" / name).read_bytes() == data
        entries = {entry.path: entry for entry in await client.list_folder("read")}
        assert entries[f"read/{name}"].size == len(data)


@pytest.mark.end_to_end
async def test_a_server_tells_what_it_is(address):
    async with ServerClient(address) as client:
        about = await client.about()
    assert (about.collaboration, about.extension, about.root_id) == (True, False, None)
    assert about.version.split(".")[0].isdigit()
    assert about.user["username"]


@pytest.mark.end_to_end
async def test_a_wrong_token_is_refused_everywhere(address):
    wrong = ServerAddress.parse(address.url, "wrong")
    async with ServerClient(wrong) as client:
        for call in (
            client.about(),
            client.list_folder(),
            client.read_bytes("a.txt"),
            client.stat("a.txt"),
            client.document_session("a.txt", "text", "file"),
            client.create_file("a.txt", b""),
            client.delete("a.txt"),
        ):
            with pytest.raises(ServerRefusedError):
                await call


@pytest.mark.end_to_end
async def test_listing_and_looking_agree_with_the_disk(stock, address):
    folder = stock.root / "listed"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"hello")
    (folder / "n.ipynb").write_bytes(NOTEBOOK)
    (folder / ".hidden").write_bytes(b"x")
    os.utime(folder / "a.txt", (1_000_000_000.5, 1_000_000_000.5))
    async with ServerClient(address) as client:
        entries = {entry.path: entry for entry in await client.list_folder("listed")}
        assert sorted((path, entry.type) for path, entry in entries.items()) == [
            ("listed/a.txt", "file"),
            ("listed/n.ipynb", "notebook"),
            ("listed/sub", "directory"),
        ]
        assert entries["listed/a.txt"] == Entry("listed/a.txt", "file", 5, 1_000_000_000.5)
        digest = hashlib.sha256(b"hello").hexdigest()
        looked = await client.stat("listed/a.txt")
        assert looked == Entry("listed/a.txt", "file", 5, 1_000_000_000.5, digest)
        assert (await client.stat("listed/sub")).type == "directory"
        assert await client.stat("listed/none") is None
        assert await client.stat("listed/.hidden") is None
        with pytest.raises(NotFoundOnServerError):
            await client.list_folder("none")
        with pytest.raises(NotFoundOnServerError):
            await client.read_bytes("listed/.hidden")
        with pytest.raises(ServerError) as caught:
            await client.read_bytes("listed/a.txt", max_bytes=4)
        assert caught.value.code == "too-large"


@pytest.mark.end_to_end
async def test_files_are_made_renamed_and_deleted_and_nothing_is_overwritten(stock, address):
    async with ServerClient(address) as client:
        await client.create_folder("work")
        await client.create_folder("work")
        await client.create_file("work/a.txt", b"a")
        await client.create_file("work/b.txt", b"b")
        for refused in (
            client.create_file("work/a.txt", b"other"),
            client.rename("work/a.txt", "work/b.txt"),
            client.create_folder("work/a.txt"),
        ):
            with pytest.raises(ServerError) as caught:
                await refused
            assert caught.value.code == "exists"
        session = await client.document_session("work/a.txt", "text", "file")
        await client.rename("work/a.txt", "work/c d.txt")
        assert await client.path_of(session.file_id) == "work/c d.txt"
        assert (await client.document_session("work/c d.txt", "text", "file")) == session
        await client.delete("work/b.txt")
        # The server keeps checkpoints of what it writes in a hidden folder beside it.
        assert [p.name for p in (stock.root / "work").glob("[!.]*")] == ["c d.txt"]
        for missing in (client.delete("work/b.txt"), client.rename("work/b.txt", "work/e")):
            with pytest.raises(NotFoundOnServerError):
                await missing
        assert await client.path_of("no-such-id") is None


@pytest.mark.end_to_end
async def test_a_session_names_the_room_and_is_refused_for_what_is_not_there(stock, address):
    (stock.root / "s.ipynb").write_bytes(NOTEBOOK)
    async with ServerClient(address) as client:
        session = await client.document_session("s.ipynb", "json", "notebook")
        assert session.room_id == f"json:notebook:{session.file_id}"
        assert session == await client.document_session("s.ipynb", "json", "notebook")
        with pytest.raises(NotFoundOnServerError):
            await client.document_session("none.txt", "text", "file")


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("name", "data", "kind", "good"),
    [
        ("good.txt", b"x", ("text", "file"), True),
        ("latin.txt", b"\xe9", ("text", "file"), False),
        ("good.ipynb", NOTEBOOK, ("json", "notebook"), True),
        ("bad.ipynb", b"{", ("json", "notebook"), False),
    ],
)
async def test_it_tells_what_the_server_can_open(stock, address, name, data, kind, good):
    (stock.root / name).write_bytes(data)
    async with ServerClient(address) as client:
        assert await client.can_open(name, *kind) is good
        assert not await client.can_open(f"none-{name}", *kind)


@pytest.mark.parametrize("path", ["/a", "../a", "a//b", ".."])
async def test_paths_that_are_not_plain_never_leave_this_machine(path):
    async with ServerClient(ServerAddress.parse("http://localhost:1/")) as client:
        for call in (
            client.read_bytes(path),
            client.stat(path),
            client.delete(path),
            client.rename("a", path),
            client.create_file(path, b""),
            client.document_session(path, "text", "file"),
        ):
            with pytest.raises(PathRefusedError):
                await call


class Trap:
    """Answers every request with the same bytes and remembers what was asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.asked = answer, b""

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *error):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        self.asked += await reader.readuntil(b"\r\n\r\n")
        writer.write(self.answer)
        await writer.drain()
        writer.close()


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_the_token_is_sent_to_one_origin_only():
    async with Trap(answer("200 OK", b"{}")) as other:
        async with Trap(answer("302 Found", Location=other.url + "api/status")) as first:
            async with ServerClient(ServerAddress.parse(first.url, "very-secret")) as client:
                with pytest.raises(ServerUnreachableError) as caught:
                    await client.about()
            assert b"very-secret" in first.asked
        assert other.asked == b""
    assert "very-secret" not in caught.value.message


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer("200 OK", b"<html>hotel</html>", Content_Type="text/html"), ServerUnreachableError),
        (answer("200 OK", b'<input type="password">'), ServerRefusedError),
        (answer("200 OK", b"[1, 2]"), ServerUnreachableError),
        (answer("503 Service Unavailable"), ServerUnreachableError),
        (b"not http at all\r\n\r\n", ServerUnreachableError),
        (answer("200 OK", b"x" * 10)[:-5], ServerUnreachableError),
    ],
    ids=["portal", "login", "other json", "away", "junk", "cut"],
)
async def test_what_is_no_jupyter_server_is_told_so(reply, error):
    async with Trap(reply) as trap, ServerClient(ServerAddress.parse(trap.url)) as client:
        with pytest.raises(error):
            await client.about()


async def test_a_proxy_in_the_environment_does_not_see_what_stays_here(monkeypatch):
    async with Trap(answer("200 OK", b"[]")) as proxy, Trap(answer("404 Not Found")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with ServerClient(ServerAddress.parse(server.url, "secret")) as client:
            with pytest.raises(NotFoundOnServerError):
                await client.whoami()
        assert (proxy.asked, b"secret" in server.asked) == (b"", True)


async def test_nobody_there_is_unreachable():
    async with Trap(b"") as trap:
        url = trap.url
    async with ServerClient(ServerAddress.parse(url, "very-secret")) as client:
        with pytest.raises(ServerUnreachableError) as caught:
            await client.about()
    assert "very-secret" not in f"{caught.value.message}{caught.value.hint}"
