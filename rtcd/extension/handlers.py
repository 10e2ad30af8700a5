"""What the server answers for rtcd: about itself, about its rooms, and when a file was moved."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import ensure_async
from jupyter_server_ydoc.handlers import YDocWebSocketHandler
from jupyter_server_ydoc.rooms import DocumentRoom
from jupyter_server_ydoc.utils import (
    YDOC_SERVER_VERSION,
    MessageType,
    decode_file_path,
    room_id_from_encoded_path,
)
from jupyter_server_ydoc.websocketserver import JupyterWebsocketServer
from pycrdt import Decoder, create_awareness_message
from pycrdt.websocket import YRoom
from tornado.web import HTTPError, authenticated

from rtcd import __version__
from rtcd.errors import PathRefusedError
from rtcd.extension.autosave import Autosave
from rtcd.extension.farewell import fitting_reason
from rtcd.extension.flush import DaemonGoneError, FlushFailedError, NotSharedError
from rtcd.extension.loader import CarefulFileLoader, CarefulFileLoaders, SaveOutcome
from rtcd.extension.orphans import Orphans
from rtcd.extension.paired import Refusals, SharedAsTextError, refuse_text_as_notebook
from rtcd.extension.people import Whereabouts
from rtcd.extension.projects import ServedProjects
from rtcd.project_path import ProjectPath

# The room without a document in which JupyterLab lists all people.
EVERYBODY = "JupyterLab:globalAwareness"


class RoomHandler(YDocWebSocketHandler):
    """A room's WebSocket, with an explicit save that tells the truth about its end."""

    def initialize(
        self,
        projects: ServedProjects,
        autosave: Autosave,
        whereabouts: Whereabouts,
        refusals: Refusals,
        orphans: Orphans,
        **upstream: object,
    ) -> None:
        """Take what tornado hands to each request."""
        super().initialize(**upstream)
        self._projects = projects
        self._autosave = autosave
        self._whereabouts = whereabouts
        self._refusals = refusals
        self._orphans = orphans
        self._refused: SharedAsTextError | None = None

    async def prepare(self) -> None:
        """Make the room, unless it is one that would fight with another one."""
        self._refused = self._why_refused(room_id_from_encoded_path(self.request.path))
        if self._refused is None:
            await super().prepare()
        else:
            await ensure_async(super(YDocWebSocketHandler, self).prepare())

    def _why_refused(self, room_id: str) -> SharedAsTextError | None:
        if room_id.count(":") < 2:
            return None
        _, file_type, file_id = decode_file_path(room_id)
        path = self._file_id_manager.get_path(file_id)
        try:
            if path is not None:
                refuse_text_as_notebook(self._projects.of(path), path, file_type)
        except SharedAsTextError as error:
            return error
        return None

    def on_close(self) -> None:
        """The client has gone; of one who was never let in nobody needs to hear."""
        if self._refused is None:
            super().on_close()

    async def open(self, room_id: str) -> None:
        """Let the client in; its room is loaded then."""
        if self._refused is not None:
            self.close(*self._refusals.answer(room_id, self._refused))
            return
        await super().open(room_id)
        room = getattr(self, "room", None)
        if isinstance(room, DocumentRoom) and room.ready:
            self._autosave.watch(room)
        if isinstance(room, DocumentRoom) or room_id == EVERYBODY:
            await self._introduce_others(room)

    async def _introduce_others(self, room: YRoom) -> None:
        """Tell a newcomer who is here; upstream lets them wait until each says so again (15 s)."""
        others = [client for client, state in room.awareness.states.items() if state]
        if others:
            states = room.awareness.encode_awareness_update(others)
            await self.send(create_awareness_message(states))

    async def on_message(self, message: bytes | str) -> None:
        """Take one frame; all but explicit saves are upstream's business."""
        self._whereabouts.note(self, message)
        number = save_number(message)
        if number is None or not isinstance(self.room, DocumentRoom):
            await super().on_message(message)
            return
        status = await self._save(self.room)
        reply = {"type": "save", "responseTo": number, "status": status}
        await self.send(self._encode_json_message(reply))

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the WebSocket with a reason that the browser gets to hear."""
        super().close(code, fitting_reason(reason))

    async def send(self, message: bytes) -> None:
        """Send one frame; nothing to one who is leaving."""
        connection = self.ws_connection
        if connection is not None and not connection.is_closing():
            await super().send(message)

    async def _save(self, room: DocumentRoom) -> str:
        loader: CarefulFileLoader = room._file
        if not loader.path_exists():
            is_edited = self._orphans.is_edited(room)
            if not is_edited or not await self._orphans.bring_back(room):
                return "failed"
        if loader.project.liveness.alive(fresh=True):
            try:
                await loader.flush()
            except (NotSharedError, DaemonGoneError):
                pass  # the server's own to save, then
            except FlushFailedError as error:
                self.log.warning("rtcd: %s", error.message)
                return "failed"
            else:
                return "success"
        saving = room._save_to_disc()
        if saving is None:
            return "skipped"
        await saving
        return "success" if loader.outcome is SaveOutcome.SAVED else "failed"

    def check_origin(self, origin: str) -> bool:
        """Refuse pages of other sites, as the rest of the server does; upstream lets all in."""
        return bool(JupyterHandler.check_origin(self, origin))


def save_number(message: bytes | str) -> int | None:
    """The number of an explicit save, None when the frame is something else."""
    if not isinstance(message, bytes) or message[:1] != bytes([MessageType.RAW]):
        return None
    decoder = Decoder(message)
    try:
        decoder.read_var_uint()
        return int(decoder.read_var_uint()) if decoder.read_var_string() == "save" else None
    except (IndexError, ValueError):
        return None


class RtcdHandler(APIHandler):
    """What the handlers below share."""

    auth_resource = "contents"

    def initialize(self, projects: ServedProjects, loaders: CarefulFileLoaders) -> None:
        """Take what tornado hands to each request."""
        self._projects = projects
        self._loaders = loaders


class AboutHandler(RtcdHandler):
    """``GET /rtcd/about``: which folder is served, by which version, and does a daemon live.

    ``offers`` names what else may be asked, where it depends on the server.
    """

    def initialize(  # type: ignore[override]  # tornado calls it by keyword, per route
        self, projects: ServedProjects, loaders: CarefulFileLoaders, offers: Sequence[str]
    ) -> None:
        """Take what tornado hands to each request."""
        super().initialize(projects, loaders)
        self._offers = offers

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer; ``?path=`` asks for the project of that file instead of the root."""
        project = self._projects.of(self.get_query_argument("path", ""))
        root = self._projects.of("")
        self.finish(
            json.dumps(
                {
                    "root_id": root.places.project_id,
                    "version": __version__,
                    "ydoc_version": YDOC_SERVER_VERSION,
                    "daemon_alive": project.liveness.alive(fresh=True),
                    "offers": list(self._offers),
                }
            )
        )


class RoomsHandler(RtcdHandler):
    """``GET /rtcd/rooms``: the live documents."""

    def initialize(  # type: ignore[override]  # tornado calls it by keyword, per route
        self,
        projects: ServedProjects,
        loaders: CarefulFileLoaders,
        websocket_server: JupyterWebsocketServer,
    ) -> None:
        """Take what tornado hands to each request."""
        super().initialize(projects, loaders)
        self._websocket_server = websocket_server

    @authenticated
    @authorized
    async def get(self) -> None:
        """List them by room id."""
        rooms = [
            {
                "room": room.room_id,
                "file_id": room._file.file_id,
                "path": room._file.path_or_none(),
                "clients": len(room.clients),
            }
            for _, room in sorted(self._websocket_server.rooms.items())
            if isinstance(room, DocumentRoom)
        ]
        self.finish(json.dumps({"rooms": rooms}))


class PeopleHandler(RtcdHandler):
    """``GET /rtcd/people``: from which address each awareness client id speaks."""

    def initialize(  # type: ignore[override]  # tornado calls it by keyword, per route
        self, projects: ServedProjects, loaders: CarefulFileLoaders, whereabouts: Whereabouts
    ) -> None:
        """Take what tornado hands to each request."""
        super().initialize(projects, loaders)
        self._whereabouts = whereabouts

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer ``{"from": {client id: address}}``."""
        found = self._whereabouts.addresses()
        self.finish(json.dumps({"from": {str(key): value for key, value in found.items()}}))


class MovedHandler(RtcdHandler):
    """``POST /rtcd/moved {"from", "to"}``: a file or folder has a new name on disk already.

    The file id, and with it the open rooms, go to the new name. The disk is not touched. Saying it
    twice does no harm.
    """

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer ``{"id", "moved"}``; 409 when somebody works in a document of the new name."""
        old, new = self._paths()
        self._check_target(new)
        moved = self._move(old, new)
        for loader in self._loaders.all():
            await loader.follow_path()
        manager = self.settings["file_id_manager"]
        self.finish(json.dumps({"id": manager.get_id(new), "moved": moved}))

    def _paths(self) -> tuple[str, str]:
        body = self.get_json_body() or {}
        try:
            return (
                ProjectPath.parse(str(body["from"])).value,
                ProjectPath.parse(str(body["to"])).value,
            )
        except (KeyError, TypeError):
            raise HTTPError(400, "the body must be an object with `from` and `to`") from None
        except PathRefusedError as error:
            raise HTTPError(400, error.message) from None

    def _check_target(self, new: str) -> None:
        target = self._projects.root / new
        if not target.parent.resolve().is_relative_to(self._projects.root):
            raise HTTPError(400, f"{new!r} lies outside the served folder")
        if not target.exists():
            raise HTTPError(404, f"{new!r} is not on disk")

    def _move(self, old: str, new: str) -> bool:
        manager = self.settings["file_id_manager"]
        if (self._projects.root / new).is_dir():
            # Children follow only a folder that has an id itself.
            manager.index(old)
        old_id, new_id = manager.get_id(old), manager.get_id(new)
        if old_id is None or old == new:
            return False
        if new_id is not None:
            if new_id in self._loaders:
                raise HTTPError(409, f"{new!r} is open as another document")
            # The file that had this name was replaced by the move; its id means nothing now.
            manager.delete(new)
        try:
            manager.move(old, new)
        except sqlite3.IntegrityError:
            raise HTTPError(409, f"a file below {new!r} is known already") from None
        return True
