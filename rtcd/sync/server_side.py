"""What happens on the server, told to the project: people joining, files coming and going.

Three sources: the server's events, the announcements of other daemons, and a listing now and
then for what neither told.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from rtcd.disk.formats import kind_of
from rtcd.documents.open_document import ROOM_TYPES
from rtcd.errors import RtcdError, ServerRefusedError, ServerUnreachableError
from rtcd.project_path import ProjectPath
from rtcd.rooms.backoff import Backoff
from rtcd.rooms.news import Announcement
from rtcd.rooms.server_events import (
    ContentsChanged,
    EventSubscription,
    PersonJoined,
    ServerEvent,
)
from rtcd.server.entry import Entry
from rtcd.server.replies import host_is_away, turned_out
from rtcd.sync.first_contact import join_live_rooms, list_remote
from rtcd.sync.host_news import take_news
from rtcd.sync.other_daemons import OtherDaemons
from rtcd.sync.ports import Clock
from rtcd.sync.project import Project
from rtcd.sync.remembering import file_id_of

log = logging.getLogger("rtcd.sync")

RELIST_SECONDS = 30.0
SERVER_CODE = "server"
AWAY_CODE = ServerUnreachableError.code
BACKOFF = Backoff(longest=10.0)


class ServerSide:
    """Listens to one server; ``connected`` while its events arrive."""

    def __init__(
        self,
        project: Project,
        others: OtherDaemons,
        clock: Clock,
        steady: Clock = time.monotonic,
    ) -> None:
        self._project = project
        self._link = project.link
        self._others = others
        self._clock = clock
        self._steady = steady
        self._relist_now = asyncio.Event()
        self._early: list[ServerEvent | Announcement] = []
        self._begun = asyncio.Event()
        self._connect_now = asyncio.Event()
        self._listing = asyncio.Lock()
        self.connected = False
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._hear_announcements())
            if not self._link.is_host:
                tasks.create_task(self._relist_often())

    def begin(self) -> None:
        """Everything was compared: from now on news count, those of meanwhile first."""
        self._begun.set()
        while self._early:
            news = self._early.pop(0)
            if isinstance(news, Announcement):
                self._hear(news)
            else:
                self._take(news)

    def forget_connection(self) -> None:
        """The server is known to be gone."""
        self.connected = False
        self._project.note_change()

    def connect_now(self) -> None:
        """The server answers again: do not wait for the next try."""
        self._connect_now.set()

    # ------------------------------------------------------------------ events

    async def _listen(self) -> None:
        attempt = 0
        while True:
            try:
                subscription = await EventSubscription.open(self._link.address, clock=self._steady)
                try:
                    attempt = 0
                    self._is_connected()
                    async for event in subscription.events():
                        self._take(event)
                finally:
                    await subscription.close()
            except RtcdError as error:
                self._is_lost(error)
            attempt += 1
            await self._pause(BACKOFF.delay(attempt, random.random()))

    async def _pause(self, seconds: float) -> None:
        self._connect_now.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._connect_now.wait()

    def _is_connected(self) -> None:
        self.connected = True
        self._project.clear(SERVER_CODE)
        if self.listening.is_set():
            # The first time everything is compared anyway, after this.
            self._relist_now.set()
            self._work(join_live_rooms(self._project))
            for path in list(self._project.bindings):
                self._work(self._look_for_another_file(path))
        self.listening.set()
        for binding in list(self._project.bindings.values()):
            binding.retry()
        self._project.retries.now()
        self._project.note_change()

    async def _look_for_another_file(self, path: ProjectPath) -> None:
        """Nobody told us meanwhile when a file was deleted and made again: its room is another."""
        binding = self._project.bindings.get(path)
        if binding is None or binding.room is None or self._link.is_host:
            return
        if self._project.pairs.is_text(path):
            return
        found = await self._link.client.path_of(file_id_of(binding.room))
        if found is None and self._project.bindings.get(path) is binding:
            binding.replaced_remotely()

    def _is_lost(self, error: RtcdError) -> None:
        self.connected = False
        if self._link.address.place is not None:
            error = _as_a_guest_sees_it(error, self._link.address.url)
        self._project.problems.pop((None, SERVER_CODE), None)
        self._project.report(SERVER_CODE, error)

    def _take(self, event: ServerEvent) -> None:
        match event:
            case ContentsChanged() if self._link.is_host or self._is_own(event):
                return
            case _ if not self._begun.is_set():
                self._early.append(event)
            case PersonJoined():
                self._work(self._someone_joined(event))
            case ContentsChanged():
                self._contents_changed(event)

    def _is_own(self, event: ContentsChanged) -> bool:
        path = self._link.project_path(event.path)
        return event.action == "save" and path is not None and self._link.is_own_change(path)

    def _work(self, work: Coroutine[Any, Any, None], path: ProjectPath | None = None) -> None:
        self._project.spawn(work, path=path)

    async def _someone_joined(self, event: PersonJoined) -> None:
        server_path = await self._link.client.path_of(event.file_id)
        path = self._link.project_path(server_path) if server_path else None
        if path is not None and is_room_of(event.room_id, path):
            self._leave_another_room(path, event.file_id)
            self._project.remote.someone_joined(path)

    def _leave_another_room(self, path: ProjectPath, file_id: str) -> None:
        """The file was deleted through the server and made again: our room is that of the old one."""
        binding = self._project.bindings.get(path)
        if binding is None or self._project.pairs.is_text(path):
            return
        if binding.room is not None and file_id_of(binding.room) != file_id:
            binding.replaced_remotely()

    def _contents_changed(self, event: ContentsChanged) -> None:
        path = self._link.project_path(event.path)
        if path is None:
            return
        if event.action == "rename" and event.source_path is not None:
            old = self._link.project_path(event.source_path)
            if old is not None:
                self._work(self._project.remote.renamed(old, path), path)
                return
        if event.action == "delete":
            self._work(self._removed(path), path)
        else:
            self._work(self._project.remote.check(path), path)

    async def _removed(self, path: ProjectPath) -> None:
        if await self._link.stat(path) is None:
            await self._project.remote.removed(path)
        elif path in self._project.bindings and not self._project.pairs.is_text(path):
            self._project.bindings[path].replaced_remotely()
        else:
            await self._project.remote.check(path)

    # ------------------------------------------------------------------ other daemons

    async def _hear_announcements(self) -> None:
        async for announcement in self._others.incoming():
            self._hear(announcement)

    def _hear(self, announcement: Announcement) -> None:
        if not self._begun.is_set():
            self._early.append(announcement)
            return
        path = self._link.project_path(announcement.path)
        if path is None:
            return
        if self._link.is_host:
            self._work(take_news(self._project, announcement, path))
            return
        if announcement.kind == "created" and self._link.is_own_creation(path):
            return
        # Not while it is compared: that may be about to take what came before (there and back again).
        is_compared = self._project.remote.is_comparing(path)
        if not is_compared and self._has_already(path, announcement.digest):
            return
        if announcement.kind == "renamed" and announcement.new_path is not None:
            new = self._link.project_path(announcement.new_path)
            if new is not None:
                self._work(self._project.remote.renamed(path, new), new)
        elif announcement.kind == "deleted":
            self._work(self._removed(path), path)
        elif announcement.kind == "changed":
            self._work(self._project.remote.changed(path, announcement), path)
        else:
            self._work(self._project.remote.check(path), path)

    def _has_already(self, path: ProjectPath, digest: str | None) -> bool:
        """What is told is what the server is known to have: a host tells of our own files, too."""
        if digest is None or path not in self._project.files:
            return False
        mark = self._project.history.bookmark(str(path))
        return mark is not None and mark.server_hash == digest

    # ------------------------------------------------------------------ what neither told

    async def _relist_often(self) -> None:
        await self._begun.wait()
        while True:
            try:
                async with asyncio.timeout(RELIST_SECONDS):
                    await self._relist_now.wait()
            except TimeoutError:
                pass
            self._relist_now.clear()
            try:
                await self.relist()
            except RtcdError as error:
                log.info("listing failed reason=%s", error)

    async def look(self, paths: Sequence[ProjectPath]) -> None:
        """Take in what the server has now, of these files and folders, or of all.

        Raises:
            RtcdError: it does not answer, or refuses.
        """
        if self._link.is_host:
            await self._link.client.live_rooms()  # its files are ours: it only has to be there
            return
        if not paths or any(path not in self._project.files for path in paths):
            await self.relist()
            return
        for path in paths:
            entry = await self._link.stat(path)
            if entry is not None:
                await self._check(path, entry)
            elif self._was_there(path):
                await self._project.remote.removed(path)

    async def relist(self) -> None:
        """Compare every file whose time or size on the server changed, and those that are gone."""
        async with self._listing:
            listed = await list_remote(self._project)
            for path, entry in listed.items():
                if not self._link.is_compared(path, entry):
                    await self._check(path, entry)
            known = {*self._project.files, *self._project.bindings}
            for path in sorted(known.difference(listed)):
                if self._was_there(path):
                    await self._removed(path)
            self._link.forget_compared(listed)

    def _was_there(self, path: ProjectPath) -> bool:
        known = self._project.files.get(path)
        is_held = known is not None and known.hold is not None
        return not is_held and self._project.history.bookmark(str(path)) is not None

    async def _check(self, path: ProjectPath, entry: Entry) -> None:
        if path in self._project.bindings or self._is_as_known(path, entry):
            self._link.note_compared(path, entry)
        else:
            await self._project.remote.check(path)

    def _is_as_known(self, path: ProjectPath, entry: Entry) -> bool:
        """The listing has told its digest, and it is what the server had last."""
        return self._has_already(path, entry.hash)


def _as_a_guest_sees_it(error: RtcdError, url: str) -> RtcdError:
    if isinstance(error, ServerRefusedError):
        return turned_out()
    is_silent = isinstance(error, ServerUnreachableError) and error.code == AWAY_CODE
    return host_is_away(url) if is_silent else error


def is_room_of(room_id: str, path: ProjectPath) -> bool:
    """True for the kind of room that rtcd shares a file in; others look at the same file otherwise."""
    return tuple(room_id.split(":")[:2]) == ROOM_TYPES[kind_of(path)]
