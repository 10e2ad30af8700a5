"""Rooms whose file was deleted through the server while people were in them.

Upstream gives a file that is made again another id, and with it another room: whoever still looks at
the old one types for nobody, and nothing that they type is ever saved. Two rules bring them back:

* A file that is made again while people are in its old room gets its old id. What the new file holds
  and what was typed since the deletion are merged, at what the room held at that moment.
* Typing in such a room makes the file again: an edit beats a deletion, because what was typed cannot
  be had again and what was deleted wrongly can be deleted again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_server.services.contents.manager import ContentsManager
from jupyter_server.utils import ensure_async
from jupyter_server_fileid.manager import BaseFileIdManager
from jupyter_server_ydoc.rooms import DocumentRoom
from pycrdt.websocket import YRoom
from tornado.web import HTTPError

from rtcd.content import Content, Kind
from rtcd.disk.formats import format_content, parse
from rtcd.errors import RtcdError
from rtcd.extension.meaning import same_meaning
from rtcd.merge.three_way import merge_contents

if TYPE_CHECKING:
    from rtcd.extension.loader import CarefulFileLoader

CONTENTS_EVENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"


class Orphans:
    """Knows the rooms that have no file any more, and gives them one again.

    Args:
        rooms: the live rooms by name, as upstream keeps them.
        manager: gives the manager of file ids; ``contents`` that of files. Other extensions make
            the one, and put another in place of the other, later.
    """

    def __init__(
        self,
        rooms: Callable[[], Mapping[str, YRoom]],
        manager: Callable[[], BaseFileIdManager],
        contents: Callable[[], ContentsManager],
        log: logging.Logger,
    ) -> None:
        self._rooms = rooms
        self._manager = manager
        self._contents = contents
        self._log = log
        self._at_deletion: dict[DocumentRoom, Any] = {}
        self._lock = asyncio.Lock()

    async def hear(self, logger: object, schema_id: str, data: dict[str, Any]) -> None:
        """Take an event of the contents manager; a deletion is noted before anybody types on."""
        if data.get("action") != "delete":
            return
        gone = str(data["path"]).strip("/")
        for room in self._document_rooms():
            path = room._file.last_path
            if path == gone or path.startswith(f"{gone}/"):
                self.note(room)

    def note(self, room: DocumentRoom) -> None:
        """The room's file is gone: remember what it holds now; told twice, the first time counts."""
        if room not in self._at_deletion:
            self._forget_closed()
            self._at_deletion[room] = room._document.get()

    def is_edited(self, room: DocumentRoom) -> bool:
        """True when somebody has typed since the deletion; what kernels do does not count."""
        if room not in self._at_deletion:
            return False
        return _typed(self._at_deletion[room]) != _typed(room._document.get())

    async def reunite(self, path: str) -> None:
        """A document of this name is about to be opened: people in an old room of it come along."""
        rooms = self._orphaned(path)
        if not rooms or not await ensure_async(self._contents().file_exists(path)):
            return
        async with self._lock:
            rooms = self._orphaned(path)
            if rooms and self._give_id(path, rooms[0]._file.file_id):
                self._log.info("rtcd: %s is there again, its room goes on", path)
                for room in rooms:
                    await self._meet_file_or_stay(room)

    async def bring_back(self, room: DocumentRoom) -> bool:
        """Make the file of a room again; False when it cannot be made now."""
        try:
            return await self._bring_back(room)
        except HTTPError as error:
            self._log.warning("rtcd: %s cannot be made again: %s", room._file.last_path, error)
            return False

    async def _bring_back(self, room: DocumentRoom) -> bool:
        loader: CarefulFileLoader = room._file
        path = loader.last_path
        if await ensure_async(self._contents().file_exists(path)):
            await self.reunite(path)
            return loader.path_exists()
        async with self._lock:
            model = {
                "type": room.file_type,
                "format": room.file_format,
                "content": await room._document.aget(),
            }
            await self._make_folders(path)
            await ensure_async(self._contents().save(model, path))
            if not self._give_id(path, loader.file_id):
                return False
            self._at_deletion.pop(room, None)
            disk = await loader.disk_model(model)
            if same_meaning(disk["content"], model["content"]):
                loader.know(disk)
        self._log.info("rtcd: somebody typed in %s after it was deleted; it is there again", path)
        return True

    async def _make_folders(self, path: str) -> None:
        """Those above a file, which may be gone with it."""
        names = path.split("/")[:-1]
        for count in range(1, len(names) + 1):
            folder = "/".join(names[:count])
            if not await ensure_async(self._contents().dir_exists(folder)):
                await ensure_async(self._contents().save({"type": "directory"}, folder))

    def _document_rooms(self) -> Iterable[DocumentRoom]:
        found = (room for room in list(self._rooms().values()) if isinstance(room, DocumentRoom))
        return [room for room in found if room.ready]

    def _orphaned(self, path: str) -> list[DocumentRoom]:
        """Rooms with people in them whose file had this name and was deleted."""
        wanted = path.strip("/")
        return [
            room
            for room in self._document_rooms()
            if room.clients and room._file.last_path == wanted and not room._file.path_exists()
        ]

    def _give_id(self, path: str, file_id: str) -> bool:
        """Have the file known by an id that it had before; False when it has another one."""
        manager = self._manager()
        # The managers make ids in one place, and offer no way to hand them one.
        manager._uuid = lambda: file_id
        try:
            return bool(manager.index(path) == file_id)
        finally:
            del manager._uuid

    async def _meet_file_or_stay(self, room: DocumentRoom) -> None:
        """A room that cannot take the new file in does not know it, and is never saved over it."""
        try:
            await self._meet_file(room)
        except (HTTPError, RtcdError) as error:
            self._log.warning("rtcd: %s was not taken in: %s", room.room_id, error)

    async def _meet_file(self, room: DocumentRoom) -> None:
        """Bring the new file's content into the room."""
        base = self._at_deletion.pop(room, None)
        if room.file_format not in ("text", "json"):
            return
        kind: Kind = "notebook" if room.file_type == "notebook" else "text"
        model = {"type": room.file_type, "format": room.file_format}
        disk = await room._file.disk_model(model)
        merged = merge_contents(
            None if base is None else _content(kind, base),
            _content(kind, disk["content"]),
            _content(kind, await room._document.aget()),
        )
        await room._document.aset(_model_content(kind, merged.content))
        room._file.know(disk)

    def _forget_closed(self) -> None:
        open_rooms = set(self._rooms().values())
        self._at_deletion = {
            room: content for room, content in self._at_deletion.items() if room in open_rooms
        }


def _typed(content: object) -> object:
    """What people type: the text, or the sources of the cells."""
    if not isinstance(content, dict):
        return content
    return [(cell.get("cell_type"), cell.get("source")) for cell in content.get("cells", [])]


def _content(kind: Kind, content: Any) -> Content:  # noqa: ANN401 - as the contents manager has it
    text = content if isinstance(content, str) else json.dumps(content)
    return parse(kind, text.encode())


def _model_content(kind: Kind, content: Content) -> Any:  # noqa: ANN401 - the same
    text = format_content(kind, content, None).decode()
    return nbformat.reads(text, as_version=4) if kind == "notebook" else text
