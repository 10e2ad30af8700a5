"""``rtcd.server.client.ServerClient`` against the simulated server."""

from __future__ import annotations

import asyncio

from rtcd.errors import NotFoundOnServerError, ServerError
from rtcd.server.address import ServerAddress
from rtcd.server.entry import DocumentSession, Entry
from simulation.changes import SimulatedChanges
from simulation.network import Place, unreachable
from simulation.server import Server

ADDRESS = ServerAddress.parse("http://127.0.0.1:9/", "simulated")


class SimulatedClient:
    """The requests that ``rtcd.sync`` makes; each takes a moment there and a moment back."""

    address = ADDRESS

    files_at_once = 6

    def __init__(self, place: Place, server: Server, *, offers_changes: bool) -> None:
        self._place = place
        self._server = server
        is_offered = offers_changes and server.host is not None
        self.changes = SimulatedChanges(self._there, self._back) if is_offered else None

    async def _there(self) -> Server:
        await asyncio.sleep(self._place.delay())
        if self._place.is_down or not self._server.is_up:
            raise unreachable()
        if self._place.rng.random() < self._server.trouble:
            raise ServerError("the simulated server had trouble (500)")
        return self._server

    async def _back(self) -> None:
        await asyncio.sleep(self._place.delay())
        if self._place.is_down or not self._server.is_up:
            # It was done, and nobody will ever say so.
            raise unreachable()

    async def document_session(self, path: str, format: str, type: str) -> DocumentSession:
        server = await self._there()
        if server.disk.read(path) is None:
            raise NotFoundOnServerError(f"{path} is not on the server")
        file_id = server.id_of(path)
        found = DocumentSession(file_id, server.session_id, f"{format}:{type}:{file_id}")
        await self._back()
        return found

    async def stat(self, path: str) -> Entry | None:
        found = (await self._there()).entry(path)
        await self._back()
        return found

    async def list_folder(self, path: str = "") -> list[Entry]:
        server = await self._there()
        found = [server.entry(name, with_hash=False) for name in server.disk.paths()]
        await self._back()
        return [entry for entry in found if entry is not None] if path == "" else []

    async def read_bytes(self, path: str, *, max_bytes: int | None = None) -> bytes:
        found = (await self._there()).disk.read(path)
        await self._back()
        if found is None:
            raise NotFoundOnServerError(f"{path} is not on the server")
        return found.data

    async def read_offered(self, path: str) -> bytes | None:
        found = (await self._there()).disk.read(path)
        await self._back()
        return None if found is None or self.changes is None else found.data

    async def create_file(self, path: str, data: bytes) -> Entry:
        if await self.stat(path) is not None:
            raise ServerError(f"{path} is already on the server", code="exists")
        server = await self._there()
        server.create(path, data)
        entry = server.entry(path, with_hash=False)
        await self._back()
        assert entry is not None
        return entry

    async def create_folder(self, path: str) -> None:
        await self._there()

    async def rename(self, old: str, new: str) -> None:
        server = await self._there()
        if server.disk.read(old) is None:
            raise NotFoundOnServerError(f"{old} is not on the server")
        if server.disk.read(new) is not None:
            raise ServerError(f"{new} is already on the server", code="exists")
        server.rename(old, new)
        await self._back()

    async def moved(self, old: str, new: str) -> None:
        server = await self._there()
        server.moved(old, new)
        await self._back()

    async def live_rooms(self) -> list[str]:
        server = await self._there()
        if server.host is None:
            raise NotFoundOnServerError("the stock server cannot tell its rooms")
        paths = [room.path for room in server.rooms.values() if room.room_id.count(":") >= 2]
        await self._back()
        return [path for path in paths if path is not None]

    async def delete(self, path: str) -> None:
        server = await self._there()
        if server.disk.read(path) is None:
            raise NotFoundOnServerError(f"{path} is not on the server")
        server.delete(path)
        await self._back()

    async def path_of(self, file_id: str) -> str | None:
        found = (await self._there()).path_of(file_id)
        await self._back()
        return found
