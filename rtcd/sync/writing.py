"""What the document holds that the disk does not, on its way to the disk.

Theory of operation. Everything received is written as soon as the worker comes to it; a file that
is slow to write is written less often, so that writing takes a small share of the time, and what a
kernel prints is written twice a second at most, with every edit that somebody makes; unless somebody
waits. A write swaps the file and looks at what came out: bytes that were not expected are
a save that came first, and are merged like any other. A write that could not be made puts the file
on hold, to be tried again later; one that met a save half done is tried again a moment later.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from dataclasses import replace
from typing import Protocol

from rtcd.content import Content, is_same
from rtcd.disk.file_stat import Snapshot
from rtcd.errors import HeldError
from rtcd.merge.sameness import only_outputs_differ
from rtcd.rooms.backoff import Backoff
from rtcd.sync.open_file import OpenFile
from rtcd.sync.ports import Room
from rtcd.sync.save import Save, has_sound_ids

log = logging.getLogger("rtcd.sync")

HELD_RETRY = Backoff(first=0.25, longest=10.0)
VANISHED_RETRY_SECONDS = 0.02
WRITE_DUTY = 8
MIN_WRITE_GAP_SECONDS = 0.05
MAX_WRITE_GAP_SECONDS = 0.25
MAX_LARGE_WRITE_GAP_SECONDS = 1.0
LARGE_FILE_BYTES = 1_000_000
OUTPUTS_GAP_SECONDS = 0.5


def rest_after(write_seconds: float, size: int) -> float:
    """How long the disk rests after a write of so many bytes that took so long; seconds.

    At least a twentieth of a second, so that a stream of edits is twenty writes a second at most. At
    most a quarter of a second for files under a megabyte: a machine on which even those are slow has
    too much to do, and who works on its disk is to be less than a second behind all the same.
    """
    longest = MAX_WRITE_GAP_SECONDS if size < LARGE_FILE_BYTES else MAX_LARGE_WRITE_GAP_SECONDS
    return min(longest, max(MIN_WRITE_GAP_SECONDS, WRITE_DUTY * write_seconds))


class Told(Protocol):
    """Whoever wants to know that a generation is on disk."""

    async def tell(self, room: Room, generation: int) -> None:
        """It is."""


class Writing:
    """Writes one file, and knows when to write next."""

    def __init__(self, open_file: OpenFile, server_saves: Told) -> None:
        self._open = open_file
        self._server_saves = server_saves
        self._last_write_seconds = 0.0
        self._next_write = 0.0
        self._next_outputs = 0.0
        self._waits_until: float | None = None
        self._retry_at: float | None = None
        self._failures = 0
        self._read_meanwhile = False

    def hurry(self) -> None:
        """Somebody waits for the disk."""
        self._next_write = self._next_outputs = 0.0

    def file_read(self) -> None:
        """Somebody else read the file.

        While a write of ours is under way nobody can tell which version that was: it counts for
        both, because a version that wrongly counts as unread costs more than the reverse.
        """
        self._read_meanwhile = True
        if self._open.replica is not None:
            self._open.replica.mark_read(self._open.clock())

    def seconds_to_next(self, now: float) -> float | None:
        """How long until there is something to write by itself; None when there is nothing."""
        if self._retry_at is not None:
            return max(0.01, self._retry_at - now)
        if self._waits_until is not None and self._open.unwritten():
            return max(0.0, self._waits_until - now)
        return None

    async def write_out(self, room: Room) -> None:
        """Put on disk what the document holds and the disk does not."""
        it = self._open
        self._waits_until = None
        if it.replica is None or not self._may_write():
            return
        generation = it.generations.content
        flush = it.replica.pending()
        is_there = flush is None or self._lacks_only_ids(flush.content)
        if is_there and it.file.snapshot is not None and not it.ids_differ:
            it.generations.written(generation)
            await self._server_saves.tell(room, generation)
            return
        if flush is not None and self._are_outputs_too_soon(flush.content):
            return
        content = flush.content if flush is not None else it.replica.live.content()
        data = it.file.bytes_for(content)
        it.ids_differ = False
        if it.file.snapshot is None or data != it.file.snapshot.data:
            if not await self._write(data):
                return
            # A save that was just swapped out has to be on disk again before its program reads.
            self._rest(0.0 if it.saves else rest_after(self._last_write_seconds, len(data)))
        if flush is not None:
            it.replica.flushed(flush, now=it.clock())
            if self._read_meanwhile:
                it.replica.mark_read(it.clock())
        it.generations.written(generation)
        await self._server_saves.tell(room, generation)

    def _lacks_only_ids(self, live: Content) -> bool:
        """True when the file only lacks the ids that the document made up for its cells.

        Such a file gets them with the next edit; nobody has asked for a change now.
        """
        assert self._open.replica is not None
        disk = self._open.replica.disk_content()
        return not has_sound_ids(disk) and is_same(disk, live)

    def _may_write(self) -> bool:
        it = self._open
        if it.gone or (it.file.hold is not None and not self._may_retry()):
            return False
        return self._is_time(self._next_write)

    def _are_outputs_too_soon(self, live: Content) -> bool:
        """A kernel that prints would keep the disk, and whoever watches it, busy for nobody."""
        replica = self._open.replica
        return (
            self._next_outputs > self._open.clock()
            and replica is not None
            and only_outputs_differ(replica.disk_content(), live)
            and not self._is_time(self._next_outputs)
        )

    def _rest(self, seconds: float) -> None:
        now = self._open.clock()
        self._next_write = self._waits_until = now + seconds
        self._next_outputs = now + (max(OUTPUTS_GAP_SECONDS, seconds) if seconds else 0.0)

    def _is_time(self, due: float) -> bool:
        """Now or never, or the rest is over; else it is looked at again then."""
        it = self._open
        if it.clock() >= due or it.flushers or it.lost or it.closing:
            return True
        self._waits_until = due
        return False

    def _may_retry(self) -> bool:
        return self._retry_at is not None and self._open.clock() >= self._retry_at

    async def _write(self, data: bytes) -> bool:
        it = self._open
        started = it.clock()
        comes_back = it.file.snapshot is None
        self._read_meanwhile = False
        try:
            displaced = await it.file.write(data)
        except HeldError as error:
            await self._not_written(error)
            return False
        self._last_write_seconds = it.clock() - started
        log.debug(
            "file written path=%s digest=%.8s displaced=%.8s",
            it.path,
            it.file.snapshot.digest if it.file.snapshot else "",
            displaced.digest if displaced else "-",
        )
        it.file.hold = None
        self._retry_at = None
        self._failures = 0
        self._demote_saves(displaced)
        if comes_back and it.rooms.is_host:
            # It was deleted on the server, too, and nobody else would be told that it is there again.
            await it.rooms.create(it.path, data)
        return True

    def _demote_saves(self, displaced: Snapshot | None) -> None:
        """After our write: what was read before it is not on disk any more, but must be merged.

        A save that was both read and swapped out is one save; our own bytes are none. If one of
        these is on disk after all (it came after our write), the next look finds it again.
        """
        it = self._open
        assert it.file.snapshot is not None
        if displaced is not None:
            is_git = it.disk.is_checkout(displaced)
            it.saves.appendleft(Save(displaced, came_first=True, git=is_git))
        known = {it.file.snapshot.digest}
        waiting, it.saves = it.saves, deque()
        for save in waiting:
            if save.snapshot.digest not in known:
                known.add(save.snapshot.digest)
                it.saves.append(replace(save, displaced=True))
        if it.saves:
            it.wake.set()

    async def _not_written(self, error: HeldError) -> None:
        """Somebody is in the middle of a save: wait for it; any other reason holds the file."""
        it = self._open
        if error.code == "vanished":
            self._next_write = self._waits_until = it.clock() + VANISHED_RETRY_SECONDS
        elif error.code == "name-collision":
            await self._take_what_is_there()
        else:
            self._hold(error)

    def _hold(self, error: HeldError) -> None:
        """Nothing can be written now: tried again later, and later each time."""
        it = self._open
        it.file.hold = error
        self._failures += 1
        self._retry_at = it.clock() + HELD_RETRY.delay(self._failures, random.random())
        log.warning("file not written path=%s reason=%s", it.path, error)

    async def _take_what_is_there(self) -> None:
        it = self._open
        try:
            found = await it.disk.read_finished(it.path, known_size=it.ledger.known_size())
        except HeldError as error:
            self._hold(error)
            return
        if found is not None:
            it.saves.append(Save(found))
            it.wake.set()
