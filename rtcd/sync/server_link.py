"""The server as the rest of ``sync`` sees it: project paths outside, server paths inside."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from rtcd.content import Kind
from rtcd.documents.open_document import ROOM_TYPES
from rtcd.errors import NotFoundOnServerError, PathRefusedError
from rtcd.project_path import ProjectPath
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.news import Announcement, AnnouncementKind
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.entry import Entry
from rtcd.sync.other_daemons import OtherDaemons


class ServerLink:
    """One server, one folder of it. ``is_host`` means the server's folder is ours."""

    def __init__(
        self,
        client: ServerClient,
        *,
        remote_path: str,
        is_host: bool,
        user: dict[str, Any],
        others: OtherDaemons,
    ) -> None:
        self.client = client
        self.is_host = is_host
        self.user = user
        self._prefix = remote_path.strip("/")
        self._others = others

    @property
    def address(self) -> ServerAddress:
        """Where the server is."""
        return self.client.address

    def server_path(self, path: ProjectPath | None) -> str:
        """The server's name of a project path (None is the project folder itself)."""
        if path is None:
            return self._prefix
        return f"{self._prefix}/{path}" if self._prefix else str(path)

    def project_path(self, server_path: str) -> ProjectPath | None:
        """The project's name of a server path; None when it lies outside or is refused."""
        inside = server_path.strip("/")
        if self._prefix:
            if not inside.startswith(self._prefix + "/"):
                return None
            inside = inside[len(self._prefix) + 1 :]
        try:
            return ProjectPath.parse(inside)
        except PathRefusedError:
            return None

    # ------------------------------------------------------------------ rooms

    async def join(self, path: ProjectPath, kind: Kind) -> RoomConnection:
        """Ask for a document session and open the room with a fresh document."""
        file_format, file_type = ROOM_TYPES[kind]
        session = await self.client.document_session(self.server_path(path), file_format, file_type)
        return await RoomConnection.open(self.address, session, session.room_id, user=self.user)

    def awareness(self, *, autosave: bool) -> dict[str, Any]:
        """Our presence in a room."""
        return {"user": self.user, "autosave": autosave, "client": "rtcd"}

    def exclusive(self, file_id: str) -> AbstractAsyncContextManager[None]:
        """One daemon at a time brings its edits into a room that was rebuilt."""
        return self._others.exclusive(file_id)

    # ------------------------------------------------------------------ files

    async def stat(self, path: ProjectPath) -> Entry | None:
        """The server's file with its hash, or None."""
        return await self.client.stat(self.server_path(path))

    async def read(self, path: ProjectPath) -> bytes | None:
        """The server's bytes, or None when there is no such file."""
        try:
            return await self.client.read_bytes(self.server_path(path))
        except NotFoundOnServerError:
            return None

    async def create(self, path: ProjectPath, data: bytes) -> None:
        """Create the file, never over one that is there; on a host it is there already."""
        if not self.is_host:
            await self._make_parents(path)
            await self.client.create_file(self.server_path(path), data)
        await self._announce("created", path)

    async def created(self, path: ProjectPath) -> None:
        """Tell the others of a file that the server has already."""
        await self._announce("created", path)

    async def delete(self, path: ProjectPath) -> None:
        """Remove the file or empty folder; on a host it is gone already."""
        if not self.is_host:
            with suppress(NotFoundOnServerError):
                await self.client.delete(self.server_path(path))
        await self._announce("deleted", path)

    async def rename(self, old: ProjectPath, new: ProjectPath) -> None:
        """Let the server's file follow a rename, document and all."""
        source, target = self.server_path(old), self.server_path(new)
        if self.is_host:
            await self.client.moved(source, target)
        else:
            await self._make_parents(new)
            await self.client.rename(source, target)
        await self._others.announce(Announcement("renamed", source, target, by=self.user["name"]))

    async def make_folder(self, path: ProjectPath) -> None:
        """Create a folder where there is none."""
        if not self.is_host:
            await self._make_parents(path)
            if await self.client.stat(self.server_path(path)) is None:
                await self.client.create_folder(self.server_path(path))
        await self._announce("folder", path)

    async def _make_parents(self, path: ProjectPath) -> None:
        missing = []
        parent = path.parent
        while parent is not None and await self.client.stat(self.server_path(parent)) is None:
            missing.append(parent)
            parent = parent.parent
        for folder in reversed(missing):
            await self.client.create_folder(self.server_path(folder))

    async def _announce(self, what: AnnouncementKind, path: ProjectPath) -> None:
        await self._others.announce(
            Announcement(what, self.server_path(path), by=self.user["name"])
        )
