"""The file loader of jupyter-server-ydoc, made to keep its hands off.

While a daemon lives it neither polls the disk nor writes it; a save becomes a request to the
daemon. While none lives it saves as upstream does, but only over the very bytes that the room knows.
A room is never reloaded from disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from logging import Logger
from typing import Any

from jupyter_server.services.contents.manager import ContentsManager
from jupyter_server.utils import ensure_async
from jupyter_server_fileid.manager import BaseFileIdManager
from jupyter_server_ydoc.loaders import FileLoader, FileLoaderMapping
from jupyter_server_ydoc.rooms import DocumentRoom
from jupyter_server_ydoc.utils import OutOfBandChanges
from tornado.web import HTTPError

from rtcd.errors import RtcdError
from rtcd.extension.flush import DaemonGoneError, NotSharedError, ask_to_flush
from rtcd.extension.last_write import last_write
from rtcd.extension.meaning import same_meaning
from rtcd.extension.one_file import one_file_contents
from rtcd.extension.paired import refuse_text_as_notebook
from rtcd.extension.projects import ServedProject, ServedProjects
from rtcd.extension.recovery import Unsaved, keep_copy, new_recovery_id
from rtcd.extension.relay import send_now
from rtcd.extension.unloaded import Unloaded

# The room's newest update reaches the daemon by a WebSocket, the request to flush by a shorter
# way; it must not overtake. (Measured delivery: half in 3 ms, 99 of 100 within 20 ms.)
DELIVERY_SECONDS = 0.05
CONTENT_TYPES = ("directory", "file", "notebook")
PATH_POLL_SECONDS = 1.0


class KeptAsideError(RtcdError):
    """The file changed behind the room's back; the room's content went to a recovery copy."""

    code = "kept-aside"


class SaveOutcome(Enum):
    """How the last save ended."""

    SAVED = "saved"
    KEPT_ASIDE = "kept aside"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedByLoaders:
    """What upstream's loaders are made with; times are seconds."""

    file_id_manager: BaseFileIdManager
    contents_manager: ContentsManager
    log: Logger
    poll_interval: float
    give_up_after: float | None


class CarefulFileLoader(FileLoader):
    """One file's way between disk and rooms."""

    _current_path: str | None

    def __init__(
        self, file_id: str, shared: SharedByLoaders, projects: ServedProjects, unloaded: Unloaded
    ) -> None:
        super().__init__(
            file_id,
            shared.file_id_manager,
            shared.contents_manager,
            shared.log,
            shared.poll_interval,
            stop_poll_on_errors_after=shared.give_up_after,
        )
        self._projects = projects
        self._unloaded = unloaded
        self._known_digest: str | None = None
        self._last_write = ""
        self._written: frozenset[str] = frozenset()
        self._recovery_id = new_recovery_id()
        self._rooms: dict[str, DocumentRoom] = {}
        self._marks: dict[str, str | None] = {}
        self.outcome = SaveOutcome.SAVED

    @property
    def project(self) -> ServedProject:
        """The project that the file belongs to."""
        return self._projects.of(self.path)

    def path_or_none(self) -> str | None:
        """The file's name on the server; None once it was deleted there."""
        path: str | None = self._file_id_manager.get_path(self.file_id)
        return path

    def path_exists(self) -> bool:
        """False once the file was deleted through the server; then nothing can be saved."""
        return self.path_or_none() is not None

    @property
    def last_path(self) -> str:
        """The name that the file has, or had when it was deleted; no slash at either end."""
        return str(self.path_or_none() or self._current_path or "").strip("/")

    def attend(self, room: DocumentRoom) -> None:
        """Learn from the marks (``state.hash``) that a daemon leaves in this room from now on."""
        self._rooms[room.room_id] = room
        self._marks[room.room_id] = room._document.hash

    def unobserve(self, id: str) -> None:
        """A room of this file ends."""
        super().unobserve(id)
        self._rooms.pop(id, None)
        self._marks.pop(id, None)

    async def load_content(self, format: str, file_type: str) -> dict[str, Any]:
        """Load as upstream does, and remember which bytes it was.

        The digest is taken first: a save in between then looks like a change, never the reverse.

        Raises:
            SharedAsTextError: a text that is shared as one, as a notebook.
        """
        refuse_text_as_notebook(self.project, self.path, file_type)
        await self._unloaded.free(self.path)
        digest = await self._digest()
        model: dict[str, Any] = await super().load_content(format, file_type)
        self._learn_last_write()
        self._known_digest, self._written = digest, frozenset()
        return model

    async def maybe_notify(self) -> None:
        """Follow the file's name; never look at its content."""
        await self.follow_path()

    async def follow_path(self) -> None:
        """Tell the rooms when the file has a new name."""
        path = self._file_id_manager.get_path(self.file_id)
        if path is None or path == self._current_path:
            return
        self._current_path = path
        for callback in list(self._filepath_subscriptions.values()):
            await ensure_async(callback())

    async def maybe_save_content(self, model: dict[str, Any]) -> dict[str, Any] | None:
        """Have it saved by the daemon, or save it if there is none.

        Returns:
            The saved model with its ``hash``; None when the daemon did it and marks the room.

        Raises:
            KeptAsideError: the disk holds something that the room does not know.
            FlushFailedError: the daemon lives and did not save.
            HTTPError: the contents manager could not write.
        """
        self.outcome = SaveOutcome.FAILED
        if self.project.liveness.alive(fresh=True):
            try:
                await self.flush()
            except (NotSharedError, DaemonGoneError):
                pass  # then the file is ours to save, with the same care
            else:
                self.outcome = SaveOutcome.SAVED
                return None
        saved = await self._save_over_known_bytes(model)
        self.outcome = SaveOutcome.SAVED
        return saved

    async def flush(self) -> None:
        """Ask the daemon to put the room on disk.

        Raises:
            FlushFailedError: it did not; ``NotSharedError`` and ``DaemonGoneError`` say why.
        """
        for room in self._rooms.values():
            send_now(room)
        await asyncio.sleep(DELIVERY_SECONDS)
        path, project = self.path, self.project
        await ask_to_flush(
            project.places.control_socket,
            project.relative(path),
            lambda: project.liveness.alive(fresh=True),
        )

    async def _save_over_known_bytes(self, model: dict[str, Any]) -> dict[str, Any] | None:
        try:
            disk = await self.disk_model(model)
        except HTTPError as error:
            raise self._keep_aside(model, f"cannot be read ({error.status_code})") from error
        # What the room is known to hold first, then what it holds: a content that is older than
        # the marks would look like somebody's deletion of what came in between.
        self._learn_marks()
        self._learn_last_write()
        model = await self._now_in_room(model)
        if same_meaning(disk["content"], model["content"]):
            self.know(disk)
            return disk
        if disk["hash"] != self._known_digest and disk["hash"] not in self._written:
            raise self._keep_aside(model, "was changed by another program")
        if not disk["writable"]:
            raise RtcdError(f"{self.path} is read-only", code="read-only")
        self.last_modified = disk["last_modified"]
        try:
            saved: dict[str, Any] | None = await super().maybe_save_content(
                _with_line_ends_of(disk, model)
            )
        except OutOfBandChanges:
            # Upstream looked once more, just before it wrote, and somebody had come in between.
            raise self._keep_aside(model, "was changed by another program") from None
        return saved

    async def _now_in_room(self, model: dict[str, Any]) -> dict[str, Any]:
        """The model with the room's content of this moment; asking a daemon may have taken long."""
        for room in self._rooms.values():
            if (room._file_format, room._file_type) == (model["format"], model["type"]):
                return {**model, "content": await room._document.aget()}
        return model

    async def _save_content_at_path(self, model: dict[str, Any], path: str) -> dict[str, Any]:
        # Here, and not where the save was asked for: that may be cancelled, this runs to its end.
        saved: dict[str, Any] = await super()._save_content_at_path(model, path)
        # Upstream's hash is of what is on disk by now: somebody may have saved right after, and
        # those bytes are not the room's.
        saved["hash"] = await self._digest_if_saved(model)
        self.know(saved)
        return saved

    async def _digest_if_saved(self, model: dict[str, Any]) -> str | None:
        """The digest of the bytes on disk if they are what was saved; else None."""
        try:
            disk = await self.disk_model(model)
        except HTTPError:
            return None
        return str(disk["hash"]) if same_meaning(disk["content"], model["content"]) else None

    def know(self, disk: dict[str, Any]) -> None:
        """The room holds all of a file that was read."""
        self.last_modified = disk["last_modified"]
        self._known_digest, self._written = disk["hash"], frozenset()
        # A later copy is about another matter and must not replace an earlier one.
        self._recovery_id = new_recovery_id()

    def _learn_marks(self) -> None:
        """A changed mark says: this digest is on disk and the room holds all of it."""
        for name, room in self._rooms.items():
            mark = room._document.hash
            if mark != self._marks[name]:
                self._marks[name] = mark
                self._known_digest = mark

    def _learn_last_write(self) -> None:
        """What a daemon wrote last, but did not come to mark: the room holds all of that too."""
        name, digests = last_write(self.project.places.limbo, self.project.relative(self.path))
        if name != self._last_write:
            self._last_write, self._written = name, digests

    def _keep_aside(self, model: dict[str, Any], why: str) -> KeptAsideError:
        project = self.project
        unsaved = Unsaved(
            path=project.relative(self.path),
            room=f"{model['format']}:{model['type']}:{self.file_id}",
            content=model["content"],
            base=self._known_digest,
        )
        copy = keep_copy(project.places.recovery, self._recovery_id, unsaved)
        self.outcome = SaveOutcome.KEPT_ASIDE
        return KeptAsideError(
            f"{unsaved.path} {why}; it was left alone, and what was typed is in {copy}",
            hint="`rtcd start` in the project folder merges both.",
        )

    async def disk_model(self, model: dict[str, Any]) -> dict[str, Any]:
        """The file as it is, read as the ``type`` and ``format`` of a model ask for.

        Raises:
            HTTPError: it cannot be read.
        """
        kind = model["type"] if model["type"] in CONTENT_TYPES else "file"
        got: dict[str, Any] = await ensure_async(
            self._contents_manager.get(
                self.path, format=model["format"], type=kind, content=True, require_hash=True
            )
        )
        return got

    async def _digest(self) -> str:
        got = await ensure_async(
            self._contents_manager.get(self.path, content=False, require_hash=True)
        )
        return str(got["hash"])


class CarefulFileLoaders(FileLoaderMapping):
    """All loaders of a server; upstream's mapping cannot be told which class to make."""

    def __init__(
        self,
        settings: dict[str, object],
        log: Logger,
        file_poll_interval: float,
        *,
        give_up_after: float | None,
        projects: ServedProjects,
        unloaded: Unloaded,
    ) -> None:
        super().__init__(settings, log, file_poll_interval, give_up_after)
        self._projects = projects
        self._unloaded = unloaded
        self._loaders: dict[str, CarefulFileLoader] = {}

    def __contains__(self, file_id: str) -> bool:
        return file_id in self._loaders

    def __getitem__(self, file_id: str) -> CarefulFileLoader:
        found = self._loaders.get(file_id)
        if found is None:
            shared = SharedByLoaders(
                file_id_manager=self.file_id_manager,
                contents_manager=one_file_contents(self.contents_manager),
                log=self.log,
                poll_interval=self.file_poll_interval or PATH_POLL_SECONDS,
                give_up_after=self._stop_poll_on_errors_after,
            )
            found = CarefulFileLoader(file_id, shared, self._projects, self._unloaded)
            self._loaders[file_id] = found
        return found

    def all(self) -> Iterable[CarefulFileLoader]:
        """Those in use now."""
        return list(self._loaders.values())

    async def clear(self) -> None:
        """Stop and forget all loaders."""
        loaders, self._loaders = self._loaders, {}
        await asyncio.gather(*(loader.clean() for loader in loaders.values()))

    async def remove(self, file_id: str) -> None:
        """Stop and forget one loader."""
        await self._loaders.pop(file_id).clean()


def _with_line_ends_of(disk: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """The model with CRLF where all lines on disk end so; rooms hold LF only."""
    old, new = disk["content"], model["content"]
    if not isinstance(old, str) or not isinstance(new, str) or model["format"] != "text":
        return model
    if "\r\n" not in old or "\n" in old.replace("\r\n", ""):
        return model
    return {**model, "content": new.replace("\r\n", "\n").replace("\n", "\r\n")}
