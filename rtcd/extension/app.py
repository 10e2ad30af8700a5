"""The server extension: jupyter-server-ydoc's own, with other hands on the disk."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import anyio
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server_ydoc.app import YDocExtension
from jupyter_server_ydoc.handlers import DocSessionHandler, YDocWebSocketHandler
from jupyter_server_ydoc.stores import SQLiteYStore

from rtcd.extension.autosave import Autosave
from rtcd.extension.changes_handler import ReplaceFilesHandler
from rtcd.extension.contents import contents_routes
from rtcd.extension.files_handler import CreateFilesHandler, ListFilesHandler, ReadFilesHandler
from rtcd.extension.guests import GuestIdentityProvider
from rtcd.extension.handlers import (
    AboutHandler,
    MovedHandler,
    PeopleHandler,
    RoomHandler,
    RoomsHandler,
)
from rtcd.extension.loader import PATH_POLL_SECONDS, CarefulFileLoaders
from rtcd.extension.orphans import CONTENTS_EVENTS, Orphans
from rtcd.extension.paired import Refusals, SessionHandler
from rtcd.extension.people import Whereabouts
from rtcd.extension.projects import ServedProjects
from rtcd.extension.relay import relay_rooms
from rtcd.extension.served_files import ServedFiles
from rtcd.extension.share import Share
from rtcd.extension.share_handlers import GreetHandler, ProveHandler, ShareHandler
from rtcd.extension.stock import stand_in_for_stock
from rtcd.extension.unloaded import Unloaded
from rtcd.places import Places, make_private_folder

STORE_TIMEOUT_SECONDS = 10.0
FAREWELL_SECONDS = 2.0
GOING_AWAY = 1001


class RtcdExtension(YDocExtension):
    """Takes the place, the name and the settings (``c.YDocExtension``) of the stock extension."""

    # Other extensions look the collaboration extension up by this name.
    name = "jupyter_server_ydoc"

    # Upstream's traits; their types are known to traitlets only.
    document_save_delay: float | None
    file_poll_interval: float
    session_store_path: str | None
    handlers: list[tuple[Any, ...]]

    def _link_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        super()._link_jupyter_server_extension(serverapp)
        stand_in_for_stock(serverapp.extension_manager, self.log)

    def initialize(self) -> None:
        """Prepare what rooms need before the first request can come."""
        self._stopped = False
        self._tasks: list[asyncio.Task[None]] = []
        self._save_delay = self.document_save_delay
        # Rooms never start a save on their own, Autosave does; loaders follow names only.
        self.document_save_delay = None
        self.file_poll_interval = self.file_poll_interval or PATH_POLL_SECONDS
        self.projects = ServedProjects(Path(self.serverapp.root_dir), self._own_url)
        self._keep_state_out_of_the_root()
        self._disarm_squashing()
        super().initialize()

    def initialize_handlers(self) -> None:
        """Put our loaders and handlers where upstream put its own."""
        super().initialize_handlers()
        unloaded = Unloaded()
        relay_rooms(self.ywebsocket_server, self.log)
        self.file_loaders = CarefulFileLoaders(
            self.serverapp.web_app.settings,
            self.log,
            self.file_poll_interval,
            give_up_after=self.file_stop_poll_on_errors_after,
            projects=self.projects,
            unloaded=unloaded,
        )
        self.orphans = Orphans(
            lambda: self.ywebsocket_server.rooms,
            lambda: self.serverapp.web_app.settings["file_id_manager"],
            lambda: self.serverapp.contents_manager,
            self.log,
        )
        self.serverapp.event_logger.add_listener(
            schema_id=CONTENTS_EVENTS, listener=self.orphans.hear
        )
        self.autosave = Autosave(
            lambda: self.ywebsocket_server.rooms, self._save_delay, self.orphans, self.log
        )
        self.whereabouts = Whereabouts()
        self.share = self._make_share()
        self.handlers = [self._with_our_room_handler(entry) for entry in self.handlers]
        shared = {"projects": self.projects, "loaders": self.file_loaders}
        self._files = files = self._served_files()
        self.handlers += [
            (
                r"/rtcd/about",
                AboutHandler,
                {**shared, "offers": ["files", "changes"] if files else []},
            ),
            (r"/rtcd/moved", MovedHandler, shared),
            (r"/rtcd/rooms", RoomsHandler, {**shared, "websocket_server": self.ywebsocket_server}),
            (r"/rtcd/people", PeopleHandler, {**shared, "whereabouts": self.whereabouts}),
            (r"/rtcd/share", ShareHandler, {"share": self.share}),
            (r"/rtcd/join", GreetHandler, {"share": self.share}),
            (r"/rtcd/join/proof", ProveHandler, {"share": self.share}),
        ]
        if files is not None:
            self.handlers += [
                (r"/rtcd/files", ListFilesHandler, {"files": files}),
                (r"/rtcd/files/create", CreateFilesHandler, {"files": files}),
                (r"/rtcd/files/read", ReadFilesHandler, {"files": files}),
                (
                    r"/rtcd/files/replace",
                    ReplaceFilesHandler,
                    {**shared, "files": files, "unloaded": unloaded},
                ),
            ]
        self.handlers += contents_routes(self.file_loaders)
        self._create_store()

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        await super()._start_jupyter_server_extension(serverapp)
        self.share.reopen()
        self._tasks = [
            asyncio.create_task(self.autosave.run()),
            asyncio.create_task(self.share.watch()),
        ]

    async def stop_extension(self) -> None:
        """Save what nobody else will, then stop as upstream does."""
        if self._stopped:
            return  # known to the manager under two names, stopped for each
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.autosave.save_all()
        await self._let_clients_go()
        self.share.close(for_good=False)
        if self._files is not None:
            self._files.close()
        if self.ywebsocket_server.started.is_set():
            await super().stop_extension()

    async def _let_clients_go(self) -> None:
        """End all conversations in rooms.

        Upstream lets them run on; their tasks then keep worker threads, and the process, alive for
        ever after the server was told to stop.
        """
        for room in list(self.ywebsocket_server.rooms.values()):
            for client in list(room.clients):
                client.close(GOING_AWAY, "the server stops")
                client._message_queue.put_nowait(b"")
        give_up = time.monotonic() + FAREWELL_SECONDS
        while any(room.clients for room in self.ywebsocket_server.rooms.values()):
            if time.monotonic() > give_up:
                break
            await asyncio.sleep(0.01)

    def _own_url(self) -> str | None:
        url: str | None = getattr(self.serverapp, "connection_url", None)
        return url

    def _with_our_room_handler(self, entry: tuple[Any, ...]) -> tuple[Any, ...]:
        if entry[1] is DocSessionHandler:
            return (entry[0], SessionHandler, {"projects": self.projects, "orphans": self.orphans})
        if entry[1] is not YDocWebSocketHandler:
            return entry
        pattern, _, arguments = entry
        ours = {
            "projects": self.projects,
            "file_loaders": self.file_loaders,
            "autosave": self.autosave,
            "whereabouts": self.whereabouts,
            "orphans": self.orphans,
            "refusals": Refusals(),
        }
        return (pattern, RoomHandler, {**arguments, **ours})

    def _served_files(self) -> ServedFiles | None:
        """None where the server's contents are not the files of its root folder."""
        contents = self.serverapp.contents_manager
        if not isinstance(contents, FileManagerMixin):
            return None

        def is_listed(name: str) -> bool:
            hidden = name.startswith(".") and not contents.allow_hidden
            return not hidden and contents.should_list(name)

        return ServedFiles(self.projects.root, is_listed)

    def _make_share(self) -> Share:
        provider = self.serverapp.identity_provider
        return Share(
            self.projects.of("").places,
            self.serverapp.web_app,
            provider if isinstance(provider, GuestIdentityProvider) else None,
        )

    def _keep_state_out_of_the_root(self) -> None:
        """Move the update store and the session list from the served folder to a private one.

        Only where nothing else is configured: upstream's defaults lie in the project and are
        readable by everybody.
        """
        places: Places = self.projects.of("").places
        make_private_folder(places.state)
        make_private_folder(places.jupyter)
        if "db_path" not in self.config.SQLiteYStore:
            self.config.SQLiteYStore.db_path = str(places.jupyter / "updates.db")
        if self.session_store_path is None:
            self.session_store_path = str(places.jupyter / "sessions.json")
            _touch_private(Path(self.session_store_path))

    def _disarm_squashing(self) -> None:
        """Take back settings that make the store write an empty history over the real one."""
        for name in ("squash_after_inactivity_of", "document_ttl"):
            if self.config.SQLiteYStore.pop(name, None) is not None:
                self.log.warning(
                    "rtcd: SQLiteYStore.%s was ignored, it destroys the history of documents", name
                )

    def _create_store(self) -> None:
        """Make the update store's database now; rooms that all do it at once destroy it.

        Upstream's own code makes it, in a loop of its own: the server's does not run yet.
        """
        if not issubclass(self.ystore_class, SQLiteYStore):
            return
        store = self.ystore_class(path="rtcd", config=self.config, log=self.log)
        if store.db_path == ":memory:":
            return
        _touch_private(Path(store.db_path))
        worker = threading.Thread(target=anyio.run, args=(_open_once, store))
        worker.start()
        worker.join()


async def _open_once(store: SQLiteYStore) -> None:
    with anyio.fail_after(STORE_TIMEOUT_SECONDS):
        async with store:
            await store.db_initialized.wait()


def _touch_private(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        file.touch(mode=0o600)
