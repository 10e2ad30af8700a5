"""Whether the server has saved what the room holds: seen, asked for, or done by ourselves.

Theory of operation. A guest cannot look at the server's file. A new ``state.hash`` in the document
is the server's word that it saved. For a text the hash names the very content; a notebook's bytes
are made by the server, so there the word counts only for content at rest. On a host the folder is
the server's too, and the daemon is the one who writes it: there we give the word.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib

from rtcd.content import TextContent
from rtcd.errors import ServerUnreachableError
from rtcd.sync.open_file import PAUSE_SECONDS, OpenFile
from rtcd.sync.ports import Room

SAVE_REQUEST_SECONDS = 0.5
MARK_SECONDS = 1.0
"""Each mark makes every JupyterLab tab on the file ask the server two or three things."""


class ServerSaves:
    """Keeps the server's generation of one file."""

    def __init__(self, open_file: OpenFile) -> None:
        self._open = open_file
        self._seen_hash: str | None = None
        self._asked_at = 0.0
        self._marked_at = float("-inf")
        self._mark_waits = False
        self._doubt = asyncio.Event()

    def begin(self) -> None:
        """A room was pulled: what it says now is no news."""
        self._seen_hash = self._open.joined.live.saved_hash()

    def note(self) -> None:
        """A new ``state.hash`` is the server's word that it saved; trust it for content at rest."""
        it = self._open
        saved = it.joined.live.saved_hash()
        if it.rooms.is_host or saved is None or not it.generations.is_unsaved:
            return
        content = it.joined.live.content()
        if isinstance(content, TextContent):
            is_saved = saved == hashlib.sha256(content.text.encode()).hexdigest()
        else:
            is_saved = saved != self._seen_hash and it.is_at_rest()
        if is_saved:
            it.generations.saved(it.generations.content)
        elif saved != self._seen_hash:
            self._doubt.set()
        self._seen_hash = saved

    def doubt(self) -> None:
        """Nothing will tell whether the server has saved what the room held when we came: ask."""
        if not self._open.rooms.is_host and self._open.generations.is_unsaved:
            self._doubt.set()

    async def settle_doubts(self) -> None:
        """A server that saves faster than people pause says so once, and too early: ask it."""
        it = self._open
        while True:
            await self._doubt.wait()
            self._doubt.clear()
            while it.generations.is_unsaved and not it.lost:
                await asyncio.sleep(PAUSE_SECONDS)
                if it.is_at_rest():
                    with contextlib.suppress(ServerUnreachableError):
                        await self.ask()
            it.on_change()

    async def ask(self) -> None:
        """Ask a server that saves by itself to do it now."""
        it = self._open
        if it.room is None or it.rooms.is_host or it.lost or it.unsent() or it.receives_only:
            return
        if self._is_mirrored():
            it.generations.saved(it.generations.content)
        now = it.clock()
        if not it.generations.is_unsaved or now - self._asked_at <= SAVE_REQUEST_SECONDS:
            return
        self._asked_at = now
        generation = it.generations.content
        at_rest = it.is_at_rest()
        # A save that brings no new hash is told by nothing else. One that fails may be called a
        # success too, but then the file was deleted, or the room is overwritten: a new generation.
        is_saved = await it.room.request_save()
        if is_saved and at_rest and generation == it.generations.content:
            it.generations.saved(generation)

    def _is_mirrored(self) -> bool:
        """True when the server's file has, by its own word, the very bytes of ours."""
        it = self._open
        if it.replica is None or it.file.snapshot is None or it.unwritten():
            return False
        return it.replica.live.saved_hash() == it.file.snapshot.digest

    async def tell(self, room: Room, generation: int) -> None:
        """On a host the daemon is the writer: tell the room what is on disk."""
        it = self._open
        if not it.rooms.is_host or it.lost or it.replica is None:
            return
        snapshot = it.file.snapshot
        live = it.replica.live
        if snapshot is None or generation != it.generations.content:
            return
        # The folder is the server's: what is on disk is saved, whenever the room is told.
        it.generations.saved(generation)
        self._mark_waits = False
        if live.saved_hash() == snapshot.digest and not live.is_dirty():
            return
        if self._must_wait():
            self._mark_waits = True
            return
        self._marked_at = it.clock()
        for update in it.replica.mark_saved(snapshot.digest):
            await it.send(room, update)

    def _must_wait(self) -> bool:
        """True while the last mark is fresh and nobody waits for this one."""
        it = self._open
        is_fresh = it.clock() - self._marked_at < MARK_SECONDS
        return is_fresh and not (it.flushers or it.closing)

    def seconds_to_mark(self, now: float) -> float | None:
        """How long until the room is to be told what is on disk; None when it knows."""
        return max(0.01, self._marked_at + MARK_SECONDS - now) if self._mark_waits else None
